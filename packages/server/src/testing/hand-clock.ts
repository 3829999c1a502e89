import type { Clock } from '@keyline/bytes'

/** A clock that a test moves by hand. Timers fire when it has been moved past them. */
export class HandClock implements Clock {
  #now: number
  #monotonicMs = 0
  readonly #timers = new Set<{ readonly at: number; readonly fire: () => void }>()

  constructor(now = Date.UTC(2026, 5, 1)) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  /** Moves wall time and monotonic time. */
  pass(ms: number): void {
    this.#now += ms
    this.#monotonicMs += ms
    for (const timer of this.#timers) {
      if (timer.at > this.#monotonicMs) continue
      this.#timers.delete(timer)
      timer.fire()
    }
  }

  after(ms: number, fire: () => void): () => void {
    const timer = { at: this.#monotonicMs + ms, fire }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve)
    })
  }

  during<T>(work: () => Promise<T>): Promise<T> {
    return work()
  }
}
