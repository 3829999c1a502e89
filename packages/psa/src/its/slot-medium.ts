import type { TrustedStorageMedium } from './medium.ts'
import { readInfo, recordOverhead } from './record.ts'

/** A piece of flash in slots of one size, FF where it is erased. */
export interface SlotArea {
  readonly slots: number
  readonly slotSize: number
  read(offset: number, length: number): Uint8Array
  /** Only onto erased flash. */
  program(offset: number, octets: Uint8Array): void
  /** The whole area. */
  erase(): void
}

interface FoundRecord {
  readonly slot: number
  readonly id: number
  readonly record: Uint8Array
}

/**
 * One slot a record, as the private area of STM32WBA has it (provisioning-station section 9.1). A slot is written once
 * between two erasures, so that a changed or removed record rewrites the area; a power cut in the middle of that loses
 * records, as on the part itself. New records go into free slots and endanger none.
 */
export function slotMedium(area: SlotArea): TrustedStorageMedium {
  const { slots, slotSize } = area

  const records = (): readonly FoundRecord[] => {
    const found: FoundRecord[] = []
    for (let slot = 0; slot < slots; slot++) {
      const octets = area.read(slot * slotSize, slotSize)
      const info = readInfo(octets)
      if (info === undefined || info.size > slotSize - recordOverhead) continue
      found.push({ slot, id: info.id, record: octets.slice(0, recordOverhead + info.size) })
    }
    return found
  }

  const rewrite = (kept: readonly Omit<FoundRecord, 'id'>[]): void => {
    area.erase()
    for (const { slot, record } of kept) area.program(slot * slotSize, record)
  }

  return {
    list: () => records().map(({ id }) => id),
    read: (id) => records().find((found) => found.id === id)?.record,
    write(id, record) {
      const all = records()
      const present = all.find((found) => found.id === id)
      const taken = new Set(all.map(({ slot }) => slot))
      const free = Array.from({ length: slots }, (_, slot) => slot).find((slot) => !taken.has(slot))
      const slot = present?.slot ?? free
      if (slot === undefined || record.length > slotSize) return false
      if (present === undefined) area.program(slot * slotSize, record)
      else rewrite([...all.filter((found) => found.id !== id), { slot, record }])
      return true
    },
    remove: (id) => rewrite(records().filter((found) => found.id !== id)),
  }
}
