import { canonicalJson, type Clock } from '@keyline/bytes'
import type { Kysely } from 'kysely'
import type { AuditData, AuditType } from '../audit/record.ts'
import { read, transact, type Database, type LedgerTransaction } from '../database/database.ts'
import type { Tables } from '../database/schema.ts'
import { chainHash } from '../records/index.ts'

/** One act of the ledger: the transaction it runs in, and the audit record that stands or falls with it. */
export interface Act {
  readonly tx: LedgerTransaction
  /** Wall time of the act, milliseconds since 1970. */
  readonly now: number
  /**
   * Appends to the audit chain. The chain has one end, so writers wait for each other from here on:
   * it is the last statement of an act.
   */
  readonly note: (type: AuditType, data: AuditData) => Promise<void>
}

export interface ActorOptions {
  readonly database: Database
  readonly clock: Clock
  /** Who acts; stands in every audit record. */
  readonly actor: string
}

/** Runs acts and reads. Time of a virtual clock stands still meanwhile. */
export class Actor {
  readonly #database: Database
  readonly #clock: Clock
  readonly #name: string

  constructor(options: ActorOptions) {
    this.#database = options.database
    this.#clock = options.clock
    this.#name = options.actor
  }

  act<T>(work: (act: Act) => Promise<T>): Promise<T> {
    return this.#clock.during(() =>
      transact(this.#database, (tx) => {
        const now = this.#clock.now()
        return work({ tx, now, note: (type, data) => append(tx, this.#name, now, type, data) })
      }),
    )
  }

  read<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    return this.#clock.during(() => read(this.#database, work))
  }
}

async function append(
  tx: LedgerTransaction,
  actor: string,
  now: number,
  type: AuditType,
  data: AuditData,
): Promise<void> {
  // Taking the number also takes the row's lock, and gives the hash that the lock protects.
  const head = await tx
    .updateTable('audit_head')
    .set((eb) => ({ seq: eb('seq', '+', 1) }))
    .where('id', '=', 1)
    .returning(['seq', 'hash'])
    .executeTakeFirstOrThrow()
  const record = { seq: head.seq, time: new Date(now).toISOString(), type, actor, data }
  const hash = chainHash(head.hash, record)
  await tx
    .insertInto('audit')
    .values({ ...record, data: canonicalJson(data), hash })
    .execute()
  await tx.updateTable('audit_head').set({ hash }).where('id', '=', 1).execute()
}
