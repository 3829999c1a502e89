import type { Clock } from '@keyline/bytes'

export interface CircuitBreakerOptions {
  /** Only its monotonic time counts. */
  readonly clock: Clock
  /** Failures in a row after which nothing is tried; 3 unless given. */
  readonly failures?: number | undefined
  /** First pause; each further failed try doubles it. 1000 ms unless given. */
  readonly pauseMs?: number | undefined
  /** 30 000 ms unless given. */
  readonly longestPauseMs?: number | undefined
}

/**
 * Keeps callers away from a part that fails again and again: after some failures in a row it is left alone for a
 * pause, then one call tries it. Callers meanwhile learn at once how long to wait.
 */
export class CircuitBreaker {
  readonly #clock: Clock
  readonly #limit: number
  readonly #firstPauseMs: number
  readonly #longestPauseMs: number
  #failures = 0
  #pauseMs: number
  #openUntil = -Infinity
  #isTrying = false

  constructor(options: CircuitBreakerOptions) {
    const { clock, failures = 3, pauseMs = 1000, longestPauseMs = 30_000 } = options
    this.#clock = clock
    this.#limit = failures
    this.#firstPauseMs = pauseMs
    this.#pauseMs = pauseMs
    this.#longestPauseMs = longestPauseMs
  }

  /** Milliseconds to wait before the next try; 0 lets the caller pass, who must then report how it went. */
  enter(): number {
    if (this.#failures < this.#limit) return 0
    const left = this.#openUntil - this.#clock.monotonicMs()
    if (left > 0) return left
    if (this.#isTrying) return this.#pauseMs
    this.#isTrying = true
    return 0
  }

  succeeded(): void {
    this.#failures = 0
    this.#pauseMs = this.#firstPauseMs
    this.#isTrying = false
  }

  failed(): void {
    this.#failures += 1
    if (this.#failures < this.#limit) return
    // Calls that passed before the last failure may fail later: they are no try, and lengthen nothing.
    if (this.#failures > this.#limit && !this.#isTrying) return
    if (this.#isTrying) this.#pauseMs = Math.min(this.#pauseMs * 2, this.#longestPauseMs)
    this.#isTrying = false
    this.#openUntil = this.#clock.monotonicMs() + this.#pauseMs
  }
}
