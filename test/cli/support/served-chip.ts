import {
  chipOf,
  FaultyBus,
  serveChip,
  SimulatedBus,
  spl05Profile,
  type Fault,
} from '@keyline/stsafe-sim'
import { keyline, type Ended } from './keyline.ts'

export interface ServedChip extends AsyncDisposable {
  /** A command for this chip. What a reset ends lives from one command to the next. */
  run(...args: readonly string[]): Promise<Ended>
}

export interface ServedChipOptions {
  /** Path of its Unix socket. */
  readonly socket: string
  readonly faults?: readonly Fault[]
  /** Told of each frame before the chip gets it. */
  readonly onWrite?: (frame: Uint8Array) => void
}

/** A new chip behind a socket of this process. */
export async function serveNewChip(options: ServedChipOptions): Promise<ServedChip> {
  const { faults = [], onWrite, socket } = options
  const bus = new FaultyBus(new SimulatedBus({ state: chipOf(spl05Profile) }), faults)
  const served = await serveChip({
    listen: `unix:${socket}`,
    bus: {
      answer(request) {
        if (request.kind === 'write') onWrite?.(request.data)
        return bus.answer(request)
      },
    },
  })
  return {
    run: (...args) => keyline('stsafe', ...args, '--device', served.address),
    [Symbol.asyncDispose]: () => served.close(),
  }
}
