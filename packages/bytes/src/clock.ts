import { BytesError } from './errors.ts'

/** Time comes in through this interface, so that one seed replays one run. */
export interface Clock {
  /** Wall time in whole milliseconds since 1970 (UTC). May jump; never used for deadlines. */
  now(): number
  /** Milliseconds of a clock that only moves forward. */
  monotonicMs(): number
  /** Waits. @throws BytesError `INTERRUPTED` when the signal fires first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /**
   * Runs work that a virtual clock cannot see (disk, thread pool, network, another process),
   * so that virtual time stands still until it is done.
   */
  during<T>(work: () => Promise<T>): Promise<T>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(interruption(signal))
        return
      }
      const onAbort = (): void => {
        clearTimeout(timer)
        reject(interruption(signal))
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }, ms)
      signal?.addEventListener('abort', onAbort, { once: true })
    }),
  during: (work) => work(),
}

/** The reason of an aborted signal as one of our errors. */
export function interruption(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason
  if (reason instanceof BytesError) return reason
  return new BytesError('INTERRUPTED', 'the work was interrupted', { cause: reason })
}

/** @throws BytesError `INTERRUPTED` when the signal has fired. */
export function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw interruption(signal)
}

export interface DeadlineOptions {
  readonly clock: Clock
  readonly ms: number
  /** What is waited for; stands in the message. */
  readonly what: string
  readonly signal?: AbortSignal | undefined
}

/** Reason of a deadline that is not needed any more. Made once: an error of its own for each wait is dear. */
const done = new BytesError('INTERRUPTED', 'the work was done before its deadline')

/**
 * Runs `work` with a signal that fires at the deadline or with the outer signal.
 * @throws BytesError `DEADLINE_PASSED` or `INTERRUPTED`
 */
export async function withDeadline<T>(
  options: DeadlineOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  throwIfInterrupted(options.signal)
  const inner = new AbortController()
  const timer = new AbortController()
  const onOuter = (): void => inner.abort(interruption(options.signal))
  options.signal?.addEventListener('abort', onOuter, { once: true })
  const expiry = options.clock.sleep(options.ms, timer.signal).then(
    () =>
      inner.abort(
        new BytesError('DEADLINE_PASSED', `${options.what} took longer than ${options.ms} ms`),
      ),
    () => undefined,
  )
  const ended = new Promise<never>((_, reject) => {
    inner.signal.addEventListener('abort', () => reject(interruption(inner.signal)), { once: true })
  })
  try {
    return await Promise.race([work(inner.signal), ended])
  } finally {
    options.signal?.removeEventListener('abort', onOuter)
    timer.abort(done)
    await expiry
  }
}
