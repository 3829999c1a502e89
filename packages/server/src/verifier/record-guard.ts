import { BytesError, isKeylineError, startTimer, type Clock } from '@keyline/bytes'
import { ServerError } from '../errors.ts'

/**
 * Asks the record, with patience that ends: whatever goes wrong there means that nothing could be checked, and never
 * that something is bad (V39).
 */
export class RecordGuard {
  readonly #clock: Clock
  readonly #patienceMs: number

  constructor(clock: Clock, patienceMs: number) {
    this.#clock = clock
    this.#patienceMs = patienceMs
  }

  /**
   * @param what stands in the message, for the log
   * @throws ServerError `SERVER_UNAVAILABLE`; refusals of the server itself as they are
   */
  async ask<T>(what: string, work: () => T | Promise<T>): Promise<T> {
    try {
      const answer = work()
      return answer instanceof Promise ? await this.#patiently(what, answer) : answer
    } catch (cause) {
      if (cause instanceof ServerError) throw cause
      throw unavailable(`the record gave no answer (${what})`, cause)
    }
  }

  #patiently<T>(what: string, answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = startTimer(this.#clock, this.#patienceMs, () => {
        const message = `${what} took longer than ${this.#patienceMs} ms`
        reject(new BytesError('DEADLINE_PASSED', message))
      })
      answer.then(resolve, reject).finally(cancel)
    })
  }
}

/** Nothing could be checked. What went wrong is for the log. */
export function unavailable(message: string, cause?: unknown): ServerError {
  const why = isKeylineError(cause) ? `${message}: ${cause.code}` : message
  return new ServerError('SERVER_UNAVAILABLE', why, { cause, details: { retryAfterMs: 2_000 } })
}
