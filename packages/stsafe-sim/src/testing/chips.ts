import { decode, fromHex } from '@keyline/bytes'
import { keyInformation, type HostKeys } from '@keyline/stsafe/layout'
import { SimulatedBus } from '../bus/simulated-bus.ts'
import { chipOf, spl05Profile } from '../nvm/profile.ts'
import { seededRandomness } from '../nvm/randomness.ts'
import type { ChipState } from '../nvm/state.ts'

export const hostKeys: HostKeys = {
  type: 'AES-128',
  macKey: fromHex('00112233445566778899aabbccddeeff'),
  cipherKey: fromHex('0123456789abcdef0123456789abcdef'),
}

export const freshState: ChipState = chipOf(spl05Profile)

/** A chip of the sample profile with some members changed, the same at every call. */
export function chipWith(members: Partial<ChipState> = {}): SimulatedBus {
  const state = { ...freshState, ...members }
  return new SimulatedBus({ state, randomness: seededRandomness('test chip') })
}

/** Symmetric slots of which the first hold these keys; records of section 5.5 in hexadecimal digits. */
export function slotsWith(
  ...keys: readonly (readonly [record: string, key: string])[]
): ChipState['symmetricSlots'] {
  return freshState.symmetricSlots.map((slot, index) => {
    const entry = keys[index]
    if (entry === undefined) return slot
    const information = decode(keyInformation, fromHex(entry[0]), 'record')
    return { ...slot, key: { information, key: fromHex(entry[1]), counter: 0 } }
  })
}

/** The authorization table with these commands changed. */
export function accessWith(
  ...records: ReadonlyArray<ChipState['authorization'][number]>
): ChipState['authorization'] {
  return freshState.authorization.map(
    (record) => records.find(({ code }) => code === record.code) ?? record,
  )
}
