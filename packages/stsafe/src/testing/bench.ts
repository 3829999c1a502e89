import { fromHex, Secret, seededRandom, VirtualClock } from '@keyline/bytes'
import { inProcessTransport, type BusResponder } from '../bus/in-process.ts'
import type { StsafeEvent } from '../chip/context.ts'
import { StsafeError } from '../errors.ts'
import type { BusRequest } from '../layout/byte-stream.ts'
import { accessTableCodes, commandTable } from '../layout/command.ts'
import type { KeyInformation } from '../layout/symmetric-key.ts'
import { openStsafe, type Stsafe } from '../stsafe.ts'

export const message = fromHex('000102030405060708090a0b0c0d0e0f')
export const permanent = { permanent: true } as const

export const cmacKey: KeyInformation = {
  lock: 'unlocked',
  slot: 0,
  type: 'AES-128',
  mode: 'CMAC',
  usage: ['verifyMac', 'generateMac'],
  minMacLength: 2,
}

export function hostKeys(fill = 0x11) {
  return {
    type: 'AES-128',
    macKey: new Secret(new Uint8Array(16).fill(fill)),
    cipherKey: new Secret(new Uint8Array(16).fill(fill + 1)),
  } as const
}

/** What went over the bus, and the codes of the commands in it. */
export class Recorder implements BusResponder {
  readonly commands: number[] = []
  onCommand: (code: number) => void = () => undefined
  readonly #bus: BusResponder

  constructor(bus: BusResponder) {
    this.#bus = bus
  }

  answer(request: BusRequest) {
    if (request.kind === 'write') {
      const [first = 0, second = 0] = request.data
      const code = (first & 0x1f) === 0x1f ? 0x1f00 | second : first & 0x1f
      this.commands.push(code)
      this.onCommand(code)
    }
    return this.#bus.answer(request)
  }
}

export interface Bench {
  readonly chip: Stsafe
  readonly recorder: Recorder
  readonly events: StsafeEvent[]
}

/** Commands that open a chip. */
export const openingCommands = 3
/** Commands that {@link openProtectedBench} sends before those of the test. */
export const protectingCommands = 9

/** A chip on a virtual clock, with what went over its bus from here on. */
export async function openBench(bus: BusResponder): Promise<Bench> {
  const recorder = new Recorder(bus)
  const events: StsafeEvent[] = []
  const chip = await openStsafe(inProcessTransport(recorder), {
    clock: new VirtualClock(),
    random: seededRandom('host'),
    onEvent: (event) => events.push(event),
  })
  recorder.commands.length = 0
  return { chip, recorder, events }
}

/** Host keys, a session, and Echo and Decrement at HOST. */
export async function openProtectedBench(bus: BusResponder): Promise<Bench> {
  const bench = await openBench(bus)
  const { chip } = bench
  await chip.hostKeys.provision(hostKeys())
  const protectedCodes = new Set<number>([commandTable.echo.code, commandTable.decrement.code])
  const access = accessTableCodes.map((code) => ({
    code,
    access: protectedCodes.has(code) ? ('host' as const) : ('free' as const),
  }))
  await chip.device.putCommandAccess(access, permanent)
  await chip.initialise()
  await chip.openSession(hostKeys())
  bench.recorder.commands.length = 0
  return bench
}

export async function errorOf(work: Promise<unknown>): Promise<StsafeError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof StsafeError) return error
  throw new TypeError(`expected an error of the chip, got ${String(error)}`)
}
