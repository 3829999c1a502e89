import type { Clock } from '@keyline/bytes'
import { Chip, nominalMs, type ChipOptions } from '../chip/chip.ts'

export interface SimulatedBusOptions extends ChipOptions {
  /** With a clock a command takes its nominal time; without one it is done at once. */
  readonly clock?: Clock | undefined
}

/** What a read gives: octets, or no acknowledge. */
export type ReadOutcome = Uint8Array | 'nack'
export type WriteOutcome = 'done' | 'nack'

const pastTheEnd = 0xff

/** The chip on its bus (section 1): plain writes and reads, NACK while it is busy. */
export class SimulatedBus {
  readonly chip: Chip
  readonly #clock: Clock | undefined
  #response: Uint8Array | undefined
  #busyUntilMs = 0

  constructor(options: SimulatedBusOptions) {
    this.chip = new Chip(options)
    this.#clock = options.clock
  }

  /** 7-bit address under which the chip answers at present. */
  get address(): number {
    return this.chip.volatile.address
  }

  /** One write transaction up to STOP. Without octets it only wakes the chip. */
  write(frame: Uint8Array): WriteOutcome {
    if (this.#isBusy()) return 'nack'
    if (frame.length === 0) return 'done'
    this.#response = undefined
    if (this.#clock !== undefined) {
      this.#busyUntilMs = this.#clock.monotonicMs() + nominalMs(frame)
    }
    this.#response = this.chip.execute(frame)
    return 'done'
  }

  /** One read transaction: the response from its first octet on, then FF. */
  read(length: number): ReadOutcome {
    if (this.#isBusy() || this.#response === undefined) return 'nack'
    const octets = new Uint8Array(length).fill(pastTheEnd)
    octets.set(this.#response.subarray(0, length))
    return octets
  }

  /** Pulse on the reset line. */
  reset(): void {
    this.#response = undefined
    this.#busyUntilMs = 0
    this.chip.reset()
  }

  powerCycle(): void {
    this.reset()
  }

  #isBusy(): boolean {
    return this.#clock !== undefined && this.#clock.monotonicMs() < this.#busyUntilMs
  }
}
