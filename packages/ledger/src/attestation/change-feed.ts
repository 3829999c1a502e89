import { withDeadline } from '@keyline/bytes'
import { statement, type Values } from '../database/statement.ts'
import { LedgerError } from '../errors.ts'
import { keptChanges, type TrustChange } from '../store/trust-changes.ts'
import type { Desk } from './desk.ts'

export interface ChangeFeedOptions {
  readonly desk: Desk
  /** How often the feed is read. */
  readonly pollMs: number
  /** How old what is in memory may be. */
  readonly staleAfterMs: number
  readonly forget: (change: TrustChange) => void
  readonly forgetAll: () => void
}

const pageLength = 1000

const headOf = statement((db) =>
  db.selectFrom('ledger_head').select(['trust_seq', 'epoch']).where('id', '=', 1),
)

const changesAfter = statement((db, { after }: Values<{ after: number }>) =>
  db
    .selectFrom('trust_change')
    .select(['seq', 'tenant', 'kind', 'subject'])
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(pageLength),
)

/**
 * Follows what other processes change of the trust data, so that nothing in memory is older than a bound: a key that one
 * process revokes is honoured by all (attestation-verifier 11, V31). Reading begins with the first question.
 */
export class ChangeFeed {
  readonly #options: ChangeFeedOptions
  readonly #end = new AbortController()
  #position: { readonly seq: number; readonly epoch: number } | undefined
  /** When the last reading that succeeded began. */
  #readAt = Number.NEGATIVE_INFINITY
  #reading: Promise<void> | undefined
  #isPolling = false

  constructor(options: ChangeFeedOptions) {
    this.#options = options
  }

  /** Whether what is in memory may be used. */
  get isFresh(): boolean {
    const { desk, staleAfterMs } = this.#options
    return desk.clock.monotonicMs() - this.#readAt <= staleAfterMs
  }

  /**
   * Reads what has changed; those who ask at the same time share one reading.
   * @throws LedgerError `LEDGER_UNAVAILABLE`, `LEDGER_BUSY`; `LEDGER_STALE` when the database gives no answer in time
   */
  refresh(): Promise<void> {
    this.#startPolling()
    return this.#withinBound(this.#readFresh())
  }

  close(): void {
    this.#end.abort()
  }

  #startPolling(): void {
    if (this.#isPolling) return
    this.#isPolling = true
    void this.#poll()
  }

  async #poll(): Promise<void> {
    const { signal } = this.#end
    const { desk, pollMs } = this.#options
    while (!signal.aborted) {
      try {
        await desk.clock.sleep(pollMs, signal)
      } catch {
        return
      }
      // Who asks next is told what is wrong; here nobody asks.
      await this.refresh().catch(() => undefined)
    }
  }

  /** A reading that others began may be answered late, and tells nothing new then: one more begins. */
  async #readFresh(): Promise<void> {
    await this.#readShared()
    if (!this.isFresh) await this.#readShared()
  }

  #readShared(): Promise<void> {
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #withinBound(reading: Promise<void>): Promise<void> {
    const { desk, staleAfterMs } = this.#options
    const what = 'reading the change feed of the trust anchors'
    try {
      await withDeadline({ clock: desk.clock, ms: staleAfterMs, what }, () => reading)
    } catch (cause) {
      if (cause instanceof LedgerError) throw cause
      throw new LedgerError('LEDGER_STALE', `${what} took longer than ${staleAfterMs} ms`, {
        cause,
      })
    }
  }

  async #readAll(): Promise<void> {
    const { desk } = this.#options
    const readAt = desk.clock.monotonicMs()
    const [head] = await desk.read((db) => headOf(db, {}))
    if (head === undefined) {
      throw new LedgerError('LEDGER_DAMAGED', 'the ledger has lost its head row')
    }
    await this.#catchUp({ seq: head.trust_seq, epoch: head.epoch }, (after) =>
      desk.read((db) => changesAfter(db, { after })),
    )
    this.#readAt = readAt
  }

  /** A feed that has gone back, or on without this process, is of another life: then nothing in memory counts. */
  async #catchUp(
    head: { readonly seq: number; readonly epoch: number },
    pageAfter: (after: number) => ReturnType<typeof changesAfter>,
  ): Promise<void> {
    const { forget, forgetAll } = this.#options
    const known = this.#position
    const isFollowed =
      known !== undefined &&
      head.epoch === known.epoch &&
      head.seq >= known.seq &&
      head.seq - known.seq < keptChanges
    if (!isFollowed) {
      forgetAll()
      this.#position = head
      return
    }
    let after = known.seq
    while (after < head.seq) {
      const page = await pageAfter(after)
      for (const { seq, ...change } of page) {
        forget(change)
        after = seq
        this.#position = { seq, epoch: head.epoch }
      }
      if (page.length < pageLength) break
    }
  }
}
