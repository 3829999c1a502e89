import type { DriverKey } from '../driver/driver.ts'
import type { InternalTrustedStorage } from '../its/index.ts'
import { isPersistent, keptAttributes, type KeyAttributes } from '../key/attributes.ts'
import { decodeKeyFile, encodeKeyFile } from '../key/key-file.ts'
import { keyIds } from '../key/lifetime.ts'
import { failed, succeeded, type PsaResult } from '../status/result.ts'
import { PsaStatus, type CallStatus } from '../status/status.ts'

export interface KeySlotsOptions {
  readonly storage: InternalTrustedStorage
  /** Keys that the platform provides, read-only, with ids of the vendor range. */
  readonly builtInKeys: readonly DriverKey[]
  /** Keys that are in memory at a time. */
  readonly capacity: number
}

/**
 * Keys by id: built-in, volatile, and persistent ones, each in its file of internal trusted storage. A persistent key
 * comes into memory when it is first used, and leaves it when the room is needed.
 */
export class KeySlots {
  readonly #storage: InternalTrustedStorage
  readonly #capacity: number
  readonly #builtIn: ReadonlyMap<number, DriverKey>
  readonly #slots = new Map<number, DriverKey>()
  #nextVolatileId: number = keyIds.volatile.first

  constructor({ storage, builtInKeys, capacity }: KeySlotsOptions) {
    this.#storage = storage
    this.#capacity = capacity
    this.#builtIn = new Map(builtInKeys.map((key) => [key.attributes.id, key]))
  }

  /** INVALID_HANDLE for an id that is nobody's. */
  find(id: number): PsaResult<DriverKey> {
    const known = this.#slots.get(id) ?? this.#builtIn.get(id)
    return known === undefined ? this.#load(id) : succeeded(known)
  }

  /** ALREADY_EXISTS for an id that has a file, readable or not. */
  checkFree(id: number): CallStatus {
    const { status } = this.#storage.info(id)
    if (status === PsaStatus.doesNotExist) return PsaStatus.success
    return status === PsaStatus.storageFailure ? status : PsaStatus.alreadyExists
  }

  /** Keeps a new key; a persistent one is in its file before it is anywhere else. */
  add(attributes: KeyAttributes, data: Uint8Array): PsaResult<number> {
    const isKept = isPersistent(attributes)
    if (!this.#makeRoom()) return failed(PsaStatus.insufficientMemory)
    const id = isKept ? attributes.id : this.#nextVolatileId
    const key = { attributes: keptAttributes(attributes, { id, bits: attributes.bits }), data }
    if (isKept) {
      const status = this.#save(id, key)
      if (status !== PsaStatus.success) return failed(status)
    } else {
      this.#nextVolatileId++
    }
    this.#slots.set(id, key)
    return succeeded(id)
  }

  /** Removes the file first, then wipes the slot. */
  destroy(id: number): CallStatus {
    if (this.#builtIn.has(id)) return PsaStatus.notPermitted
    const slot = this.#slots.get(id)
    if (slot === undefined || isPersistent(slot.attributes)) {
      const status = this.#storage.remove(id)
      if (status === PsaStatus.doesNotExist) return PsaStatus.invalidHandle
      if (status !== PsaStatus.success) return PsaStatus.storageFailure
    }
    this.#wipe(id)
    return PsaStatus.success
  }

  /** Takes a persistent key out of memory; it stays in its file. */
  purge(id: number): CallStatus {
    const found = this.find(id)
    if (found.status !== PsaStatus.success) return found.status
    if (isPersistent(found.value.attributes) && !this.#builtIn.has(id)) this.#wipe(id)
    return PsaStatus.success
  }

  #load(id: number): PsaResult<DriverKey> {
    const stored = this.#storage.get(id)
    if (stored.status === PsaStatus.doesNotExist) return failed(PsaStatus.invalidHandle)
    if (stored.status !== PsaStatus.success) return failed(PsaStatus.storageFailure)
    const file = decodeKeyFile(stored.value)
    stored.value.fill(0)
    if (file.status !== PsaStatus.success) return file
    if (!this.#makeRoom()) return failed(PsaStatus.insufficientMemory)
    const key = { attributes: { ...file.value.attributes, id }, data: file.value.data }
    this.#slots.set(id, key)
    return succeeded(key)
  }

  #save(id: number, key: DriverKey): CallStatus {
    const taken = this.checkFree(id)
    if (taken !== PsaStatus.success) return taken
    const file = encodeKeyFile(key)
    const status = this.#storage.set(id, file)
    file.fill(0)
    if (status === PsaStatus.success) return status
    // Its name may be there although its disk failed behind that.
    this.#storage.remove(id)
    return status === PsaStatus.insufficientStorage ? status : PsaStatus.storageFailure
  }

  /** A free slot, made by wiping a persistent key where there is none. */
  #makeRoom(): boolean {
    if (this.#slots.size < this.#capacity) return true
    for (const [id, { attributes }] of this.#slots) {
      if (!isPersistent(attributes)) continue
      this.#wipe(id)
      return true
    }
    return false
  }

  #wipe(id: number): void {
    this.#slots.get(id)?.data.fill(0)
    this.#slots.delete(id)
  }
}
