import { throwIfInterrupted } from '@keyline/bytes'
import type { BusAnswer, BusRequest } from '../layout/byte-stream.ts'
import type { Transport } from './transport.ts'

/** A chip in the same process: the simulator, or a script of a test. */
export interface BusResponder {
  answer(request: BusRequest): BusAnswer | Promise<BusAnswer>
}

/** A bus whose chip is an object of this process. */
export function inProcessTransport(chip: BusResponder, name = 'sim:'): Transport {
  return {
    name,
    transfer: async (request, signal) => {
      throwIfInterrupted(signal)
      return chip.answer(request)
    },
    close: async () => undefined,
  }
}
