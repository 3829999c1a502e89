import type { Clock } from '@keyline/bytes'

/**
 * Wall time that never runs backwards: what has ended does not begin again when the clock of the machine is set back
 * (attestation-verifier chapter 10).
 */
export class ForwardClock {
  readonly #clock: Clock
  #wall: number
  #monotonic: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#wall = clock.now()
    this.#monotonic = clock.monotonicMs()
  }

  /** Milliseconds since 1970. */
  now(): number {
    const monotonic = this.#clock.monotonicMs()
    const passed = this.#wall + (monotonic - this.#monotonic)
    this.#wall = Math.max(passed, this.#clock.now())
    this.#monotonic = monotonic
    return Math.trunc(this.#wall)
  }

  /** How far the clock of the machine was set back, milliseconds. */
  get aheadMs(): number {
    return this.now() - this.#clock.now()
  }
}
