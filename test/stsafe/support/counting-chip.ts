import {
  decodeCommandFrame,
  formsOf,
  HeaderFlag,
  macLength,
  type BusAnswer,
  type BusRequest,
} from '@keyline/stsafe/layout'
import { SimulatedBus, type WriteOutcome } from '@keyline/stsafe-sim'
import type { BusResponder } from '../../../packages/stsafe/src/bus/in-process.ts'

/** How often each command that must not happen twice went by, by its code. */
export class OnceTally {
  readonly counts = new Map<number, number>()

  note(octets: Uint8Array): void {
    const frame = decodeCommandFrame(octets)
    if (typeof frame === 'string') return
    const isSealed = (frame.flags & HeaderFlag.commandMac) !== 0
    const payload = isSealed ? frame.body.subarray(0, -macLength) : frame.body
    if (!formsOf(frame.code, payload).some(({ effect }) => effect === 'once')) return
    this.counts.set(frame.code, (this.counts.get(frame.code) ?? 0) + 1)
  }

  get most(): number {
    return Math.max(0, ...this.counts.values())
  }
}

/** A chip that counts what reaches it. */
export class CountingChip extends SimulatedBus {
  readonly tally = new OnceTally()

  override write(frame: Uint8Array): WriteOutcome {
    const outcome = super.write(frame)
    if (outcome === 'done') this.tally.note(frame)
    return outcome
  }
}

/** The host's end of the wire: what was sent and acknowledged, whatever became of it behind. */
export class CountingWire implements BusResponder {
  readonly tally = new OnceTally()
  readonly #bus: BusResponder

  constructor(bus: BusResponder) {
    this.#bus = bus
  }

  async answer(request: BusRequest): Promise<BusAnswer> {
    const answer = await this.#bus.answer(request)
    if (request.kind === 'write' && answer.kind === 'done') this.tally.note(request.data)
    return answer
  }
}

/** What a host must not be: a read that is not acknowledged makes it send the last command again. */
export class BlindRepeater implements BusResponder {
  readonly #bus: BusResponder
  #last: BusRequest | undefined

  constructor(bus: BusResponder) {
    this.#bus = bus
  }

  async answer(request: BusRequest): Promise<BusAnswer> {
    if (request.kind === 'write') this.#last = request
    const answer = await this.#bus.answer(request)
    if (answer.kind !== 'nack' || request.kind !== 'read' || this.#last === undefined) return answer
    await this.#bus.answer(this.#last)
    return this.#bus.answer(request)
  }
}
