import { BytesError, isKeylineError, startTimer, type Clock } from '@keyline/bytes'
import { ServerError } from '../errors.ts'

/** How long a call of the record is waited for, and how many may be under way for which nobody waits any more. */
export interface RecordLimits {
  readonly recordMs: number
  /** Requests in work at the same time. */
  readonly running: number
}

/**
 * Asks the record, with patience that ends: whatever goes wrong there means that nothing could be checked, and never
 * that something is bad (V39). A record that is behind with calls that were given up gets no more of them: those that
 * wait at a locked database would hold it up long after the lock.
 */
export class RecordGuard {
  readonly #clock: Clock
  readonly #limits: RecordLimits
  /** Calls that were given up and have not ended. */
  #givenUp = 0

  constructor(clock: Clock, limits: RecordLimits) {
    this.#clock = clock
    this.#limits = limits
  }

  /**
   * @param what stands in the message, for the log
   * @throws ServerError `SERVER_UNAVAILABLE`; refusals of the server itself as they are
   */
  async ask<T>(what: string, work: () => T | Promise<T>): Promise<T> {
    if (this.#givenUp >= this.#limits.running) {
      throw unavailable(`the record is behind with ${this.#givenUp} calls (${what})`)
    }
    try {
      const answer = work()
      return answer instanceof Promise ? await this.#patiently(what, answer) : answer
    } catch (cause) {
      throw noAnswer(what, cause)
    }
  }

  /** The same for what the record has at hand, however far it is behind. */
  take<T>(what: string, work: () => T): T {
    try {
      return work()
    } catch (cause) {
      throw noAnswer(what, cause)
    }
  }

  #patiently<T>(what: string, answer: Promise<T>): Promise<T> {
    const { recordMs } = this.#limits
    return new Promise((resolve, reject) => {
      let isGivenUp = false
      const cancel = startTimer(this.#clock, recordMs, () => {
        isGivenUp = true
        this.#givenUp += 1
        reject(new BytesError('DEADLINE_PASSED', `${what} took longer than ${recordMs} ms`))
      })
      const ended = (): void => {
        cancel()
        if (isGivenUp) this.#givenUp -= 1
      }
      answer.then(resolve, reject).finally(ended)
    })
  }
}

function noAnswer(what: string, cause: unknown): ServerError {
  if (cause instanceof ServerError) return cause
  return unavailable(`the record gave no answer (${what})`, cause)
}

/** Nothing could be checked. What went wrong is for the log. */
export function unavailable(message: string, cause?: unknown): ServerError {
  const why = isKeylineError(cause) ? `${message}: ${cause.code}` : message
  return new ServerError('SERVER_UNAVAILABLE', why, { cause, details: { retryAfterMs: 2_000 } })
}
