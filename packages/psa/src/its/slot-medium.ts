import type { TrustedStorageMedium } from './medium.ts'
import { readInfo, recordOverhead } from './record.ts'

/** A piece of flash in slots of one size, FF where it is erased. */
export interface SlotArea {
  readonly slots: number
  readonly slotSize: number
  /** A copy. */
  read(offset: number, length: number): Uint8Array
  /** Only onto erased flash. */
  program(offset: number, octets: Uint8Array): void
  /** The whole area. */
  erase(): void
}

interface UsedSlot {
  readonly slot: number
  readonly id: number
  /** Octets of its record. */
  readonly length: number
}

/**
 * One slot a record, as the private area of STM32WBA has it (provisioning-station section 9.1). A slot is written once
 * between two erasures, so that a changed or removed record rewrites the area; a power cut in the middle of that loses
 * records, as on the part itself. New records go into free slots and endanger none.
 */
export function slotMedium(area: SlotArea): TrustedStorageMedium {
  const { slots, slotSize } = area

  /** Looks at the heads alone: a device asks for its objects far more often than it has any. */
  const used = (): readonly UsedSlot[] => {
    const found: UsedSlot[] = []
    for (let slot = 0; slot < slots; slot++) {
      const info = readInfo(area.read(slot * slotSize, recordOverhead))
      if (info === undefined || info.size > slotSize - recordOverhead) continue
      found.push({ slot, id: info.id, length: recordOverhead + info.size })
    }
    return found
  }

  const recordIn = ({ slot, length }: UsedSlot): Uint8Array => area.read(slot * slotSize, length)

  const rewrite = (kept: readonly UsedSlot[], added?: Added): void => {
    const records = kept.map((one) => ({ slot: one.slot, record: recordIn(one) }))
    area.erase()
    for (const { slot, record } of added === undefined ? records : [...records, added]) {
      area.program(slot * slotSize, record)
    }
  }

  return {
    list: () => used().map(({ id }) => id),
    read(id) {
      const found = used().find((one) => one.id === id)
      return found && recordIn(found)
    },
    write(id, record) {
      const all = used()
      const present = all.find((one) => one.id === id)
      const taken = new Set(all.map(({ slot }) => slot))
      const free = Array.from({ length: slots }, (_, slot) => slot).find((slot) => !taken.has(slot))
      const slot = present?.slot ?? free
      if (slot === undefined || record.length > slotSize) return false
      if (present === undefined) area.program(slot * slotSize, record)
      else
        rewrite(
          all.filter((one) => one !== present),
          { slot, record },
        )
      return true
    },
    remove: (id) => rewrite(used().filter((one) => one.id !== id)),
  }
}

interface Added {
  readonly slot: number
  readonly record: Uint8Array
}
