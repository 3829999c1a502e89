import { openBench, buildFirmwareImage, type FirmwareKind, type SlotFault } from '@keyline/board'
import { systemClock, systemRandom, toHex } from '@keyline/bytes'
import type { SerialPorts } from '@keyline/station'
import { certify, provisioningImage } from '../../../packages/board/src/testing/scripted-host.ts'
import {
  runProvisioningDialogue,
  type ExchangeHost,
} from '../../../packages/station/src/dialogue/provisioning-dialogue.ts'
import { openTty } from './open-tty.ts'

const probe = 'SIM000000001'
const factoryDataAddress = 0x081e_c000
const bootAddress = 0x0800_0000

/** Turns of the event loop in which a board has booted; a slower one answers the second `Init`. */
const bootTurns = 20

export interface TtyBoardOptions {
  readonly firmware?: FirmwareKind | undefined
  readonly seed?: string | undefined
  /** The tty goes when this many octets have passed it, in both directions. */
  readonly unplugAt?: number | undefined
  readonly fault?: Omit<SlotFault, 'slot'> | undefined
}

/** A simulated board behind a tty of its own. */
export interface TtyBoard extends Disposable {
  /** Path of the tty. */
  readonly path: string
  readonly uid: string
  /** Octets that have passed the tty, in both directions, as text. */
  readonly transcript: string
  unplug(): void
}

/** Powers a board with factory data and provisioning firmware on. Its firmware takes no time, its waits are real. */
export async function openTtyBoard(options: TtyBoardOptions = {}): Promise<TtyBoard> {
  const { firmware = 'provisioning-X1', seed = 'tty', unplugAt = Infinity, fault } = options
  const bench = openBench({
    slots: 1,
    clock: systemClock,
    timing: 'none',
    seed,
    faults: fault === undefined ? [] : [{ ...fault, slot: 1 }],
  })
  const image = { kind: firmware, name: 'provisioning', version: '1.0.0', size: 8192 } as const
  await bench.download(probe, factoryDataAddress, provisioningImage())
  await bench.download(probe, bootAddress, buildFirmwareImage(image))
  const pty = await openTty()
  const line = await bench.open('sim:1')
  let transcript = ''
  let isOpen = true
  const unplug = (): void => {
    if (isOpen) pty.close()
    isOpen = false
  }
  /** The octets that still pass, before the tty goes. */
  const passing = (octets: Uint8Array): Uint8Array => {
    const passed = octets.subarray(0, Math.max(0, unplugAt - transcript.length))
    transcript += Buffer.from(passed).toString('latin1')
    return isOpen ? passed : new Uint8Array()
  }
  pty.listen((octets) => {
    const passed = passing(octets)
    if (passed.length > 0) line.write(passed).catch(() => undefined)
    if (transcript.length >= unplugAt) unplug()
  })
  void (async () => {
    for await (const octets of line.received) {
      const passed = passing(octets)
      if (passed.length > 0) pty.write(passed)
      if (transcript.length >= unplugAt) unplug()
    }
  })()
  await bench.reset(probe)
  for (let turn = 0; turn < bootTurns; turn++) await new Promise(setImmediate)
  return {
    path: pty.path,
    uid: toHex(bench.board(1).uid),
    get transcript() {
      return transcript
    },
    unplug,
    [Symbol.dispose]: () => {
      unplug()
      bench.close()
    },
  }
}

/** What a dialogue over a tty has shown. */
export interface TtyExchange {
  readonly calls: readonly string[]
  readonly uid: string | undefined
  /** Nothing: the board has reported success in its turn. */
  readonly error: unknown
  readonly ms: number
}

/** Runs the exchange of a station with the board behind a port. */
export async function exchangeOver(
  ports: SerialPorts,
  name: string,
  options: {
    readonly signal?: AbortSignal | undefined
    readonly clock?: typeof systemClock | undefined
    readonly beforeCommit?: (() => void) | undefined
  } = {},
): Promise<TtyExchange> {
  const { signal = new AbortController().signal, clock = systemClock } = options
  const calls: string[] = []
  let uid: string | undefined
  const note = (call: string): Promise<void> => {
    calls.push(call)
    return Promise.resolve()
  }
  const host: ExchangeHost = {
    identified: (ident) => {
      uid = toHex(ident.uid)
      return note('identified')
    },
    reportsOnly: (profile) => note(`reports only: ${profile}`),
    certificateFor: async (csr) => {
      await note('certificate')
      return await certify(csr)
    },
    beforeCommit: () => {
      options.beforeCommit?.()
      return note('commit')
    },
    stored: (store) => note(`stored ${store}`),
    proven: () => note('proven'),
    restarted: () => note('restarted'),
  }
  const start = performance.now()
  try {
    const port = await ports.open(name)
    await runProvisioningDialogue({ port, clock, random: systemRandom, signal, mode: 'test', host })
    return { calls, uid, error: undefined, ms: performance.now() - start }
  } catch (error) {
    return { calls, uid, error, ms: performance.now() - start }
  }
}

/** The calls of an undisturbed exchange. */
export const complete = ['identified', 'certificate', 'commit', 'stored flash', 'proven']
