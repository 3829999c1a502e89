import { BytesError, interruption, type Clock } from '@keyline/bytes'

export interface TakeOptions {
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Queue between the reading of a line and the dialogue. One taker at a time. */
export class Mailbox<T> {
  readonly #items: T[] = []
  #taker: ((item: T) => void) | undefined

  push(item: T): void {
    const taker = this.#taker
    this.#taker = undefined
    if (taker === undefined) this.#items.push(item)
    else taker(item)
  }

  /**
   * The next item, or `undefined` when none came in time.
   * @throws BytesError `INTERRUPTED` when the signal fires first
   */
  async take(options: TakeOptions): Promise<T | undefined> {
    const ready = this.#items.shift()
    if (ready !== undefined) return ready
    if (options.signal.aborted) throw interruption(options.signal)
    const timer = new AbortController()
    const onAbort = (): void => timer.abort(interruption(options.signal))
    options.signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await new Promise<T | undefined>((resolve, reject) => {
        this.#taker = (item) => {
          resolve(item)
          timer.abort()
        }
        options.clock.sleep(options.timeoutMs, timer.signal).then(
          () => resolve(undefined),
          (error: unknown) => {
            if (options.signal.aborted) reject(error)
          },
        )
      })
    } finally {
      this.#taker = undefined
      options.signal.removeEventListener('abort', onAbort)
    }
  }
}

/** True when the error says that the operator interrupted the work. */
export function isInterruption(error: unknown): boolean {
  return error instanceof BytesError && error.code === 'INTERRUPTED'
}
