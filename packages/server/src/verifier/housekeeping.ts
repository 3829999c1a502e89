import { startTimer, type Clock } from '@keyline/bytes'
import type { ServerLog } from '../observe/log.ts'

/** Work that comes again and again. What fails is told, and tried again the next time. */
export class Housekeeping {
  readonly #clock: Clock
  readonly #log: ServerLog
  readonly #cancels = new Set<() => void>()
  #isOver = false

  constructor(clock: Clock, log: ServerLog) {
    this.#clock = clock
    this.#log = log
  }

  every(ms: number, what: string, work: () => Promise<unknown>): void {
    const again = (): void => {
      const cancel = startTimer(this.#clock, ms, () => {
        this.#cancels.delete(cancel)
        void this.#run(what, work, again)
      })
      this.#cancels.add(cancel)
    }
    again()
  }

  stop(): void {
    this.#isOver = true
    for (const cancel of this.#cancels) cancel()
    this.#cancels.clear()
  }

  async #run(what: string, work: () => Promise<unknown>, again: () => void): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#log.error(what, error)
    }
    if (!this.#isOver) again()
  }
}
