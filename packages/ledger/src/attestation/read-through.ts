import { BoundedCache, type Answer } from '@keyline/verifier'
import type { ChangeFeed } from './change-feed.ts'

/**
 * Values in memory in front of the database. Readings of one value at the same time are one; what was forgotten while it
 * was read is given to those who asked, and not kept.
 */
export class ReadThrough<Value> {
  readonly #feed: ChangeFeed
  readonly #capacity: number
  readonly #read: (key: string) => Promise<Value>
  readonly #reading = new Map<string, Promise<Value>>()
  #kept: BoundedCache<string, { readonly value: Value }>
  /** Changes whenever something is forgotten. */
  #age = 0

  constructor(feed: ChangeFeed, capacity: number, read: (key: string) => Promise<Value>) {
    this.#feed = feed
    this.#capacity = capacity
    this.#read = read
    this.#kept = new BoundedCache(capacity)
  }

  /** @throws what the reading throws; LedgerError `LEDGER_STALE`, `LEDGER_UNAVAILABLE` */
  get(key: string): Answer<Value> {
    if (!this.#feed.isFresh) return this.#getLater(key)
    const known = this.#kept.get(key)
    return known === undefined ? this.#fill(key) : known.value
  }

  forgetAll(): void {
    this.#age++
    this.#reading.clear()
    this.#kept = new BoundedCache(this.#capacity)
  }

  async #getLater(key: string): Promise<Value> {
    await this.#feed.refresh()
    const known = this.#kept.get(key)
    return known === undefined ? this.#fill(key) : known.value
  }

  #fill(key: string): Promise<Value> {
    const known = this.#reading.get(key)
    if (known !== undefined) return known
    const age = this.#age
    const reading = this.#read(key).then((value) => {
      if (age === this.#age) this.#kept.set(key, { value })
      return value
    })
    this.#reading.set(key, reading)
    const settled = (): void => {
      if (this.#reading.get(key) === reading) this.#reading.delete(key)
    }
    reading.then(settled, settled)
    return reading
  }
}
