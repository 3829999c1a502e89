import { resolve } from 'node:path'
import { encodeUtf8, seededRandom, systemClock, systemRandom, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { StsafeError, takeBusLock, type BusLock } from '@keyline/stsafe'
import {
  chipOf,
  FaultyBus,
  fileStore,
  loadState,
  makeTestRoot,
  parseFault,
  parseProfile,
  personalise,
  seededRandomness,
  SimulatedBus,
  spl05Profile,
  trueRandomness,
  type ServedBus,
  type TestRoot,
} from '@keyline/stsafe-sim'
import { readTextInput } from './pki-input.ts'

export interface SimulatorOptions {
  /** File that keeps the chip; nothing: the chip is forgotten with the process. */
  readonly state?: string | undefined
  /** Makes chip and answers repeatable. */
  readonly seed?: string | undefined
  /** File of a profile; that of the evaluation parts unless given. */
  readonly profile?: string | undefined
  readonly faults?: readonly string[] | undefined
  /** Commands take their nominal time. */
  readonly realTime?: boolean | undefined
}

export interface OpenSimulator {
  readonly bus: ServedBus
  readonly isNew: boolean
  /** Lets another process have the chip. */
  readonly close: () => Promise<void>
}

/** The root of every simulated chip of this program. It is public, and proves nothing but that a chip is simulated. */
export function simulatorRoot(): Promise<TestRoot> {
  return makeTestRoot(seededRandom('keyline simulated STSAFE-A120 root'))
}

/**
 * The chip of a state file, or a new one that is written to it. One process has it at a time.
 * @throws StsafeError `STSAFE_BUS_IN_USE`; StsafeSimError
 */
export async function openSimulator(options: SimulatorOptions): Promise<OpenSimulator> {
  const { state } = options
  const lock = state === undefined ? undefined : await lockState(state)
  try {
    return { ...(await chipOn(options)), close: async () => lock?.release() }
  } catch (error) {
    await lock?.release()
    throw error
  }
}

/** Two processes on one file would each undo what the other wrote. */
async function lockState(path: string): Promise<BusLock | undefined> {
  // The lock is a socket in a namespace that Linux alone has.
  if (process.platform !== 'linux') return undefined
  const name = toHex(sha256(encodeUtf8(resolve(path))).subarray(0, 16))
  try {
    return await takeBusLock(`sim-${name}`, systemClock)
  } catch (cause) {
    if (!(cause instanceof StsafeError)) throw cause
    const message = cause.message.replace(`sim-${name}`, `the chip in ${path}`)
    throw new StsafeError('STSAFE_BUS_IN_USE', message, { cause })
  }
}

async function chipOn(options: SimulatorOptions): Promise<Omit<OpenSimulator, 'close'>> {
  const { seed, state: path, faults = [] } = options
  const kept = path === undefined ? undefined : loadState(path)
  const store = path === undefined ? undefined : fileStore(path)
  const state = kept ?? (await newChip(options))
  if (kept === undefined) store?.save(state)
  const chip = new SimulatedBus({
    state,
    store,
    randomness: seed === undefined ? trueRandomness() : seededRandomness(seed),
    clock: options.realTime === true ? systemClock : undefined,
  })
  const bus = faults.length === 0 ? chip : new FaultyBus(chip, faults.map(parseFault))
  return { bus, isNew: kept === undefined }
}

async function newChip({ profile, seed }: SimulatorOptions) {
  const parts = profile === undefined ? spl05Profile : parseProfile(await readTextInput(profile))
  const random = seed === undefined ? systemRandom : seededRandom(`${seed} personalisation`)
  return personalise(chipOf(parts), { root: await simulatorRoot(), random })
}
