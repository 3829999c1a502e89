import { interruption, type Clock } from './clock.ts'

interface Timer {
  readonly at: number
  readonly order: number
  readonly fire: () => void
}

/**
 * A clock whose waits cost nothing: when every task waits, time jumps to the next timer.
 * Work outside the event loop must run inside `during`; time stands still meanwhile.
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

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(interruption(signal))
        return
      }
      const onAbort = (): void => {
        this.#timers.remove(timer)
        reject(interruption(signal))
      }
      const timer: Timer = {
        at: this.#elapsedMs + Math.max(0, ms),
        order: this.#order++,
        fire: () => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        },
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#timers.add(timer)
      this.#pump()
    })
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

  /** One turn of the event loop has passed: what could run without time has run. */
  #advance(): void {
    if (this.#outside > 0) return
    const next = this.#timers.takeFirst()
    if (next === undefined) return
    this.#elapsedMs = Math.max(this.#elapsedMs, next.at)
    next.fire()
    this.#pump()
  }
}

/** Binary heap by time, then by order of creation, so that equal times fire in order. */
class TimerHeap {
  readonly #items: Timer[] = []
  readonly #removed = new Set<Timer>()

  add(timer: Timer): void {
    const items = this.#items
    let index = items.push(timer) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = items[parent]
      if (above === undefined || !isBefore(timer, above)) break
      items[index] = above
      index = parent
    }
    items[index] = timer
  }

  remove(timer: Timer): void {
    this.#removed.add(timer)
  }

  takeFirst(): Timer | undefined {
    for (;;) {
      const first = this.#pop()
      if (first === undefined || !this.#removed.delete(first)) return first
    }
  }

  #pop(): Timer | undefined {
    const items = this.#items
    const first = items[0]
    const last = items.pop()
    if (first === undefined || last === undefined || items.length === 0) return first
    let index = 0
    for (;;) {
      const left = 2 * index + 1
      const leftItem = items[left]
      if (leftItem === undefined) break
      const rightItem = items[left + 1]
      const rightWins = rightItem !== undefined && isBefore(rightItem, leftItem)
      const child = rightWins ? rightItem : leftItem
      if (!isBefore(child, last)) break
      items[index] = child
      index = rightWins ? left + 1 : left
    }
    items[index] = last
    return first
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
