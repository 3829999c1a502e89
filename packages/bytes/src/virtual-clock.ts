import { interruption, throwIfInterrupted, waitOf, type Clock } from './clock.ts'
import { TimerHeap, type Timer } from './timer-heap.ts'

/**
 * A clock whose waits cost nothing: when every task waits, time jumps to the next timer.
 * Work outside the event loop must run inside `during`; time stands still meanwhile.
 * It counts turns with `setImmediate`, so it runs on Node.js and not in a browser.
 */
export class VirtualClock implements Clock {
  readonly #startMs: number
  #elapsedMs = 0
  #order = 0
  #outside = 0
  #pumping = false
  readonly #timers = new TimerHeap()

  /** @param startMs wall time at the start, milliseconds since 1970 */
  constructor(startMs = Date.UTC(2026, 5, 1)) {
    this.#startMs = startMs
  }

  now(): number {
    return Math.floor(this.#startMs + this.#elapsedMs)
  }

  monotonicMs(): number {
    return this.#elapsedMs
  }

  /** Sleeps that have neither ended nor been cancelled. */
  get waiting(): number {
    return this.#timers.size
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      throwIfInterrupted(signal)
      const onAbort = (): void => {
        this.#timers.remove(timer)
        reject(interruption(signal))
      }
      const timer: Timer = {
        at: this.#elapsedMs + waitOf(ms),
        order: this.#order++,
        fire: () => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        },
        place: -1,
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#timers.add(timer)
      this.#pump()
    })
  }

  after(ms: number, fire: () => void): () => void {
    const timer: Timer = {
      at: this.#elapsedMs + waitOf(ms),
      order: this.#order++,
      fire,
      place: -1,
    }
    this.#timers.add(timer)
    this.#pump()
    return () => this.#timers.remove(timer)
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#outside++
    try {
      return await work()
    } finally {
      this.#outside--
      this.#pump()
    }
  }

  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    setImmediate(() => {
      this.#pumping = false
      this.#advance()
    })
  }

  #takeDue(): Timer | undefined {
    const first = this.#timers.first
    return first !== undefined && first.at <= this.#elapsedMs ? this.#timers.takeFirst() : undefined
  }

  /** One turn of the event loop has passed: what could run without time has run. */
  #advance(): void {
    if (this.#outside > 0) return
    const next = this.#timers.takeFirst()
    if (next === undefined) return
    this.#elapsedMs = Math.max(this.#elapsedMs, next.at)
    next.fire()
    // What is due at the same instant happens together, as with real slots: they share a sync of the disk.
    for (let due = this.#takeDue(); due !== undefined; due = this.#takeDue()) due.fire()
    this.#pump()
  }
}
