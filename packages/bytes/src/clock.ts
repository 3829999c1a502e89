import { BytesError } from './errors.ts'

/** Time comes in through this interface, so that one seed replays one run. */
export interface Clock {
  /** Wall time in whole milliseconds since 1970 (UTC). May jump; never used for deadlines. */
  now(): number
  /** Milliseconds of a clock that only moves forward. */
  monotonicMs(): number
  /** Waits. @throws BytesError `INTERRUPTED` when the signal fires first, `BYTES_RANGE` for a wait without end */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /**
   * A timer without a promise, for waits that seldom reach their end; the result cancels it. A clock may leave it out:
   * `startTimer` then makes one of `sleep`.
   */
  after?(ms: number, fire: () => void): () => void
  /**
   * Runs work that a virtual clock cannot see (disk, thread pool, network, another process),
   * so that virtual time stands still until it is done. The work must not sleep on this clock.
   */
  during<T>(work: () => Promise<T>): Promise<T>
}

/** A longer timer of the runtime would fire at once: 2^31 − 1 ms are 24.8 days. */
const longestTimerMs = 0x7fff_ffff

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      throwIfInterrupted(signal)
      let left = waitOf(ms)
      let timer: ReturnType<typeof setTimeout>
      const onAbort = (): void => {
        clearTimeout(timer)
        reject(interruption(signal))
      }
      const sleepOn = (): void => {
        const part = Math.min(left, longestTimerMs)
        left -= part
        timer = setTimeout(left > 0 ? sleepOn : wakeUp, part)
      }
      const wakeUp = (): void => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      sleepOn()
    }),
  after: (ms, fire) => {
    let left = waitOf(ms)
    let timer: ReturnType<typeof setTimeout>
    const goOn = (): void => {
      const part = Math.min(left, longestTimerMs)
      left -= part
      timer = setTimeout(left > 0 ? goOn : fire, part)
    }
    goOn()
    return () => clearTimeout(timer)
  },
  during: (work) => work(),
}

/** Starts a timer on a clock. Returns what cancels it; a timer that has fired is not minded. */
export function startTimer(clock: Clock, ms: number, fire: () => void): () => void {
  if (clock.after !== undefined) return clock.after(ms, fire)
  const cancelled = new AbortController()
  clock.sleep(ms, cancelled.signal).then(fire, () => undefined)
  return () => cancelled.abort(done)
}

/** A wait that has ended before it began lasts 0 ms. @throws BytesError `BYTES_RANGE` for one without an end */
export function waitOf(ms: number): number {
  if (Number.isFinite(ms)) return Math.max(0, ms)
  throw new BytesError('BYTES_RANGE', `a wait of ${ms} ms would never end`)
}

/** The reason of an aborted signal as an error of this room: `INTERRUPTED`, unless it is one already. */
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
 * Work that does not listen to its signal is left to itself.
 * @throws BytesError `DEADLINE_PASSED`, `INTERRUPTED`; `BYTES_RANGE` for a deadline that never comes
 */
export async function withDeadline<T>(
  options: DeadlineOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  throwIfInterrupted(options.signal)
  const ms = waitOf(options.ms)
  const inner = new AbortController()
  const onOuter = (): void => inner.abort(interruption(options.signal))
  options.signal?.addEventListener('abort', onOuter, { once: true })
  const cancel = startTimer(options.clock, ms, () => {
    const message = `${options.what} took longer than ${options.ms} ms`
    inner.abort(new BytesError('DEADLINE_PASSED', message))
  })
  const ended = new Promise<never>((_, reject) => {
    inner.signal.addEventListener('abort', () => reject(interruption(inner.signal)), { once: true })
  })
  try {
    // An async call, so that work that throws at once loses the race instead of leaving it.
    return await Promise.race([(async () => work(inner.signal))(), ended])
  } finally {
    options.signal?.removeEventListener('abort', onOuter)
    cancel()
  }
}
