import { interruption, startTimer, type Clock } from '@keyline/bytes'

export interface TakeOptions {
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Queue between the reading of a line and the dialogue. One taker at a time. */
export class Mailbox<T> {
  #items: T[] = []
  #taker: ((item: T) => void) | undefined

  push(item: T): void {
    const taker = this.#taker
    this.#taker = undefined
    if (taker === undefined) this.#items.push(item)
    else taker(item)
  }

  /** The first waiting item of the kind, which stays where it is. */
  find(isMeant: (item: T) => boolean): T | undefined {
    return this.#items.find(isMeant)
  }

  /** Forgets every waiting item of the kind. */
  drop(isMeant: (item: T) => boolean): void {
    this.#items = this.#items.filter((item) => !isMeant(item))
  }

  /**
   * The next item, or `undefined` when none came in time. What comes exactly at the limit is too late for this
   * wait, but stays for the next one.
   * @throws BytesError `INTERRUPTED` when the signal fires first
   */
  async take(options: TakeOptions): Promise<T | undefined> {
    const ready = this.#items.shift()
    if (ready !== undefined) return ready
    const { clock, timeoutMs, signal } = options
    if (signal.aborted) throw interruption(signal)
    const end = clock.monotonicMs() + timeoutMs
    return new Promise<T | undefined>((resolve, reject) => {
      const endWait = (): void => {
        this.#taker = undefined
        cancel()
        signal.removeEventListener('abort', onAbort)
      }
      const onAbort = (): void => {
        endWait()
        reject(interruption(signal))
      }
      this.#taker = (item) => {
        endWait()
        const isLate = clock.monotonicMs() >= end
        if (isLate) this.#items.push(item)
        resolve(isLate ? undefined : item)
      }
      const cancel = startTimer(clock, timeoutMs, () => {
        endWait()
        resolve(undefined)
      })
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }
}
