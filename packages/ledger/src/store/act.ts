import { canonicalJson, type Clock } from '@keyline/bytes'
import type { Kysely } from 'kysely'
import type { AuditData, AuditType } from '../audit/record.ts'
import { read, transact, type Database, type LedgerTransaction } from '../database/database.ts'
import type { AuditRow, Tables } from '../database/schema.ts'
import { statement, type Values } from '../database/statement.ts'
import { LedgerError } from '../errors.ts'
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

// Taking the number also takes the row's lock, and gives the hash that the lock protects.
const takeNumber = statement((db) =>
  db
    .updateTable('ledger_head')
    .set((eb) => ({ audit_seq: eb('audit_seq', '+', 1) }))
    .where('id', '=', 1)
    .returning(['audit_seq', 'audit_hash']),
)

const insertRecord = statement((db, row: Values<AuditRow>) =>
  db.insertInto('audit').values({
    seq: row.seq,
    time: row.time,
    type: row.type,
    actor: row.actor,
    data: row.data,
    hash: row.hash,
  }),
)

const moveHead = statement((db, { hash }: Values<{ hash: string }>) =>
  db.updateTable('ledger_head').set({ audit_hash: hash }).where('id', '=', 1),
)

async function append(
  tx: LedgerTransaction,
  actor: string,
  now: number,
  type: AuditType,
  data: AuditData,
): Promise<void> {
  const [head] = await takeNumber(tx, {})
  if (head === undefined)
    throw new LedgerError('LEDGER_DAMAGED', 'the ledger has lost its head row')
  const record = { seq: head.audit_seq, time: new Date(now).toISOString(), type, actor, data }
  const hash = chainHash(head.audit_hash, record)
  await insertRecord(tx, { ...record, data: canonicalJson(data), hash })
  await moveHead(tx, { hash })
}
