import { isKeylineError, isRetryable, uniformBelow, type Clock, type Random } from '@keyline/bytes'

export interface RetryOptions {
  readonly clock: Clock
  readonly random: Random
  readonly signal?: AbortSignal | undefined
  /** All tries and the waits between them, milliseconds; 22 000 unless given. */
  readonly budgetMs?: number | undefined
  /** One try; 10 000 ms unless given. */
  readonly tryMs?: number | undefined
}

export const retryDefaults = {
  /** Inside the 25 s that a board waits for its issuer (station, section 7.4). */
  budgetMs: 22_000,
  tryMs: 10_000,
  /** The first wait is drawn from 0 … 250 ms, each further one from twice as much, up to 4 s. */
  firstWaitMs: 250,
  longestWaitMs: 4_000,
  /** What a server asks for is believed up to here. */
  longestAskedMs: 5_000,
} as const

/** What one try may take. */
export interface TryOptions {
  readonly signal: AbortSignal | undefined
  readonly timeoutMs: number
}

/**
 * Tries again while the error says that it can help and time is left. What makes this safe is the key of idempotency
 * that each try carries. The waits are drawn from the whole of a growing span (full jitter), so that stations which
 * failed together do not come back together; the server's own wish (`retryAfterMs` of the error) is added.
 * Only the monotonic clock counts: a jump of the wall clock neither shortens nor lengthens it.
 */
export async function withRetries<T>(
  options: RetryOptions,
  attempt: (options: TryOptions) => Promise<T>,
): Promise<T> {
  const { clock, random, signal } = options
  const { budgetMs = retryDefaults.budgetMs, tryMs = retryDefaults.tryMs } = options
  const end = clock.monotonicMs() + budgetMs
  for (let tries = 0; ; tries++) {
    const timeoutMs = Math.min(tryMs, end - clock.monotonicMs())
    try {
      return await attempt({ signal, timeoutMs })
    } catch (error) {
      if (!isRetryable(error)) throw error
      const waitMs = askedMs(error) + backOffMs(random, tries)
      if (clock.monotonicMs() + waitMs >= end) throw error
      await clock.sleep(waitMs, signal)
    }
  }
}

/**
 * Wish of a `Retry-After` header (RFC 9110 section 10.2.3): seconds or a date, clamped to 0 … 5 000 ms.
 * What is neither counts as no wish.
 * @param nowMs wall time, for the form with a date
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number {
  const text = (header ?? '').trim()
  const isDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)
  const wish = /^\d+$/.test(text) ? Number(text) * 1000 : isDate ? Date.parse(text) - nowMs : 0
  return Number.isNaN(wish) ? 0 : Math.min(Math.max(wish, 0), retryDefaults.longestAskedMs)
}

function askedMs(error: unknown): number {
  const wish = isKeylineError(error) ? error.details['retryAfterMs'] : undefined
  return typeof wish === 'number' ? wish : 0
}

function backOffMs(random: Random, tries: number): number {
  const { firstWaitMs, longestWaitMs } = retryDefaults
  const span = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(tries, 10))
  return 1 + uniformBelow(random, span)
}
