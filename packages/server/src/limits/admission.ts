import { startTimer, type Clock } from '@keyline/bytes'
import { ServerError } from '../errors.ts'

export interface AdmissionOptions {
  /** Requests that are worked on at the same time; 64 unless given. */
  readonly running?: number | undefined
  /** Requests that wait for a place; 256 unless given. */
  readonly waiting?: number | undefined
  /** Longest wait for a place; 2 000 ms unless given. */
  readonly waitMs?: number | undefined
  readonly clock: Clock
}

interface Waiter {
  readonly enter: () => void
}

/** A bounded number of requests in work, and a bounded queue before it. What is too much is refused at once. */
export class Admission {
  readonly #clock: Clock
  readonly #mostRunning: number
  readonly #mostWaiting: number
  readonly #waitMs: number
  readonly #queue = new Set<Waiter>()
  #running = 0

  constructor(options: AdmissionOptions) {
    this.#clock = options.clock
    this.#mostRunning = options.running ?? 64
    this.#mostWaiting = options.waiting ?? 256
    this.#waitMs = options.waitMs ?? 2_000
  }

  get running(): number {
    return this.#running
  }

  get waiting(): number {
    return this.#queue.size
  }

  /** @throws ServerError `SERVER_OVERLOADED` when the queue is full, or no place came free in time */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#mostRunning) this.#running += 1
    else await this.#wait()
    try {
      return await work()
    } finally {
      this.#leave()
    }
  }

  #wait(): Promise<void> {
    if (this.#queue.size >= this.#mostWaiting) {
      return Promise.reject(overloaded(`${this.#queue.size} requests wait already`))
    }
    return new Promise((resolve, reject) => {
      const cancel = startTimer(this.#clock, this.#waitMs, () => {
        if (this.#queue.delete(waiter)) reject(overloaded(`no place in ${this.#waitMs} ms`))
      })
      const waiter: Waiter = {
        enter: () => {
          cancel()
          resolve()
        },
      }
      this.#queue.add(waiter)
    })
  }

  /** Hands the place to the first who waits. */
  #leave(): void {
    const [next] = this.#queue
    if (next === undefined) {
      this.#running -= 1
      return
    }
    this.#queue.delete(next)
    next.enter()
  }
}

function overloaded(message: string): ServerError {
  return new ServerError('SERVER_OVERLOADED', message, { details: { retryAfterMs: 1_000 } })
}
