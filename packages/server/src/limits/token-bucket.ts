import type { Clock } from '@keyline/bytes'
import { ServerError } from '../errors.ts'

/** Requests in a second, and how many may come at once after a pause. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

export interface Rates {
  /** Of each member. */
  readonly member: Rate
  /** Of each address without a client certificate. */
  readonly anonymous: Rate
  /** Of all together. */
  readonly total: Rate
}

export const defaultRates: Rates = {
  member: { perSecond: 5_000, burst: 10_000 },
  anonymous: { perSecond: 50, burst: 200 },
  total: { perSecond: 20_000, burst: 40_000 },
}

interface Bucket {
  tokens: number
  at: number
}

const mostCallers = 4_096

/** Token buckets: one for each caller, and one for all. */
export class RateLimit {
  readonly #rates: Rates
  readonly #clock: Clock
  readonly #total: Bucket
  readonly #callers = new Map<string, Bucket>()

  constructor(rates: Rates, clock: Clock) {
    this.#rates = rates
    this.#clock = clock
    this.#total = { tokens: rates.total.burst, at: clock.monotonicMs() }
  }

  /**
   * Takes one request of a caller.
   * @param caller name of the member, or the address of someone unknown
   * @throws ServerError `SERVER_RATE`, which says when the next request may come
   */
  take(kind: 'member' | 'anonymous', caller: string): void {
    const rate = this.#rates[kind]
    this.#draw(this.#bucketOf(`${kind} ${caller}`, rate), rate, caller)
    this.#draw(this.#total, this.#rates.total, 'all callers together')
  }

  #bucketOf(name: string, rate: Rate): Bucket {
    const known = this.#callers.get(name)
    if (known !== undefined) return known
    // The longest known goes first: whoever floods with ever new addresses meets the limit of all.
    const [oldest] = this.#callers.keys()
    if (oldest !== undefined && this.#callers.size >= mostCallers) this.#callers.delete(oldest)
    const bucket = { tokens: rate.burst, at: this.#clock.monotonicMs() }
    this.#callers.set(name, bucket)
    return bucket
  }

  #draw(bucket: Bucket, rate: Rate, who: string): void {
    const now = this.#clock.monotonicMs()
    const grown = bucket.tokens + ((now - bucket.at) * rate.perSecond) / 1000
    bucket.tokens = Math.min(rate.burst, grown)
    bucket.at = now
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1
      return
    }
    const retryAfterMs = Math.ceil(((1 - bucket.tokens) * 1000) / rate.perSecond)
    throw new ServerError('SERVER_RATE', `${who}: more than ${rate.perSecond} requests a second`, {
      details: { retryAfterMs },
    })
  }
}
