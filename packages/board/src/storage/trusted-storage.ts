import type { Random } from '@keyline/bytes'
import { InternalTrustedStorage, slotMedium } from '@keyline/psa/its'
import type { Memory } from '../flash/memory.ts'
import type { TrustedStorageArea } from '../part/part.ts'

export interface TrustedStorageInput {
  readonly memory: Memory
  readonly area: TrustedStorageArea
  /** 32 octets that never leave the microcontroller. */
  readonly hardwareUniqueKey: Uint8Array
  readonly random: Random
}

/**
 * Internal trusted storage in the secure key area of the flash (provisioning-station section 9.1). Whoever reads the
 * flash finds ciphertext alone.
 */
export function openTrustedStorage(input: TrustedStorageInput): InternalTrustedStorage {
  const { memory, area, hardwareUniqueKey, random } = input
  const { address, slots, slotSize } = area
  const medium = slotMedium({
    slots,
    slotSize,
    read: (offset, length) => memory.read(address + offset, length),
    program: (offset, octets) => memory.program(address + offset, octets),
    erase: () => void memory.erase(address, slots * slotSize),
  })
  return new InternalTrustedStorage({ medium, hardwareUniqueKey, random })
}
