import { decode, fromHex, Secret, seededRandom, toHex } from '@keyline/bytes'
import {
  inProcessTransport,
  openStsafe,
  Stsafe,
  StsafeError,
  type StsafeOptions,
} from '@keyline/stsafe'
import { commandTable, deviceTypes, keyInformation } from '@keyline/stsafe/layout'
import { seededRandomness, SimulatedBus, type ChipState } from '@keyline/stsafe-sim'
import type { BusResponder } from '../../../packages/stsafe/src/bus/in-process.ts'
import { LoneClock } from './lone-clock.ts'
import { message, oldKeys, preparedState } from './provisioning-flows.ts'

/** Echo under MACs and encrypted, and so with every other command of the session. */
export const sessionState: ChipState = withCmacKey(
  preparedState([
    commandTable.echo,
    commandTable.update,
    commandTable.read,
    commandTable.generateMac,
    commandTable.verifyMac,
  ]),
)

export const sessionKeys = {
  macKey: new Secret(oldKeys.macKey.reveal().slice()),
  cipherKey: new Secret(oldKeys.cipherKey.reveal().slice()),
}

function withCmacKey(state: ChipState): ChipState {
  const information = decode(keyInformation, fromHex('00000001000301'), 'key information')
  const key = { information, key: new Uint8Array(16).fill(0x5a), counter: 0 }
  const symmetricSlots = state.symmetricSlots.map((slot, index) =>
    index === 0 ? { ...slot, key } : slot,
  )
  return { ...state, symmetricSlots }
}

const range = { zone: 1, offset: 0 }

/** What is done in the session, each step for itself. */
const steps: Readonly<Record<string, (chip: Stsafe) => Promise<string>>> = {
  open: async (chip) => {
    await chip.openSession(sessionKeys)
    return 'open'
  },
  echo: async (chip) => toHex(await chip.device.echo(message)),
  update: async (chip) => {
    await chip.zones.update({ ...range, data: message })
    return 'written'
  },
  read: async (chip) => toHex(await chip.zones.read({ ...range, length: 16 })),
  mac: async (chip) => toHex(await chip.macs.compute({ slot: 0, message, length: 4 })),
  verify: async (chip) =>
    String(await chip.macs.verify({ slot: 0, message, mac: fromHex('be4ca3f2') })),
  last: async (chip) => toHex(await chip.device.echo(message.subarray(3))),
}
export const stepNames: readonly string[] = ['initialise', ...Object.keys(steps)]

/** Undisturbed results, by step. */
export const stepResults: readonly string[] = [
  'identified',
  'open',
  toHex(message),
  'written',
  toHex(message),
  'be4ca3f2',
  'true',
  toHex(message.subarray(3)),
]

export function sessionChip(state: ChipState = sessionState): SimulatedBus {
  return new SimulatedBus({ state, randomness: seededRandomness('session') })
}

/** Results of the steps, or the codes of the errors that they ended in. Nothing goes on when the chip did not open. */
export async function runSession(bus: BusResponder): Promise<readonly string[]> {
  try {
    const chip = await openStsafe(inProcessTransport(bus), hostOptions())
    return ['identified', ...(await runSteps(chip))]
  } catch (error) {
    if (!(error instanceof StsafeError)) throw error
    return [error.code]
  }
}

/** The same from the host key slot on, with a chip that is known already. */
export async function runKnownSession(bus: BusResponder): Promise<readonly string[]> {
  const part = { deviceType: deviceTypes.A120, records: sessionState.authorization }
  return [
    'identified',
    ...(await runSteps(new Stsafe(inProcessTransport(bus), part, hostOptions()))),
  ]
}

async function runSteps(chip: Stsafe): Promise<readonly string[]> {
  const results: string[] = []
  for (const step of Object.values(steps)) results.push(await codeOr(step(chip)))
  return results
}

function hostOptions(): StsafeOptions {
  return { clock: new LoneClock(), random: seededRandom('host') }
}

export async function codeOr(work: Promise<string>): Promise<string> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof StsafeError)) throw error
    return error.code
  }
}
