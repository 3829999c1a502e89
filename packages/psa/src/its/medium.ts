/**
 * Where internal trusted storage keeps its records, each under the id of its object. A medium throws when it cannot do
 * its work; the storage answers that with STORAGE_FAILURE.
 */
export interface TrustedStorageMedium {
  /** Ids of all records, in no order. */
  list(): readonly number[]
  read(id: number): Uint8Array | undefined
  /** Puts a record in the place of an earlier one. False when there is no room. */
  write(id: number, record: Uint8Array): boolean
  remove(id: number): void
}

/** Records in the memory of this process. */
export function memoryMedium(): TrustedStorageMedium {
  const records = new Map<number, Uint8Array>()
  return {
    list: () => [...records.keys()],
    read: (id) => records.get(id)?.slice(),
    write(id, record) {
      records.set(id, Uint8Array.from(record))
      return true
    },
    remove: (id) => void records.delete(id),
  }
}
