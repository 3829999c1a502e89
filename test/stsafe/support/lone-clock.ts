import { throwIfInterrupted, type Clock } from '@keyline/bytes'

/** Virtual time of a test in which one task alone waits: each wait is over at once, and has taken its time. */
export class LoneClock implements Clock {
  #ms = 0

  now(): number {
    return this.#ms
  }

  monotonicMs(): number {
    return this.#ms
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    throwIfInterrupted(signal)
    this.#ms += Math.max(0, ms)
  }

  during<T>(work: () => Promise<T>): Promise<T> {
    return work()
  }
}
