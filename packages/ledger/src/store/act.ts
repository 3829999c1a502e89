import { canonicalJson, type Clock } from '@keyline/bytes'
import type { Kysely } from 'kysely'
import type { AuditData, AuditHead, AuditType } from '../audit/record.ts'
import {
  read,
  transact,
  type Database,
  type LedgerTransaction,
  type TransactOptions,
} from '../database/database.ts'
import type { AuditRow, Tables } from '../database/schema.ts'
import { statement, type Values } from '../database/statement.ts'
import { LedgerError } from '../errors.ts'
import { chainHash } from '../records/index.ts'
import { RowInserter } from './insert-rows.ts'

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
  /** The same for several records in a row, each of its own actor. */
  readonly noteAll: (notes: readonly AuditNote[]) => Promise<void>
}

/** One audit record to be. */
export interface AuditNote {
  readonly actor: string
  readonly type: AuditType
  readonly data: AuditData
}

/** Sees what is about to be committed, and what was. */
export interface ActWatch {
  /** The last moment inside the transaction; what it throws undoes the act. @param before end of the chain until now */
  beforeCommit(tx: LedgerTransaction, before: AuditHead, notes: readonly AuditNote[]): Promise<void>
  /** Committed, and the caller has not been told yet. */
  committed(head: AuditHead): void
}

export interface ActorOptions {
  readonly database: Database
  readonly clock: Clock
  /** Who acts; stands in every audit record. */
  readonly actor: string
  readonly watch?: ActWatch | undefined
}

/** Runs acts and reads. Time of a virtual clock stands still meanwhile. */
export class Actor {
  readonly #database: Database
  readonly #clock: Clock
  readonly #watch: ActWatch | undefined
  /** Who acts. */
  readonly actor: string

  constructor(options: ActorOptions) {
    this.#database = options.database
    this.#clock = options.clock
    this.#watch = options.watch
    this.actor = options.actor
  }

  /** The same for another actor. */
  as(actor: string): Actor {
    return new Actor({ database: this.#database, clock: this.#clock, actor, watch: this.#watch })
  }

  /** The same under the eyes of a watch. */
  under(watch: ActWatch): Actor {
    return new Actor({ database: this.#database, clock: this.#clock, actor: this.actor, watch })
  }

  act<T>(work: (act: Act) => Promise<T>, options?: TransactOptions): Promise<T> {
    const { actor } = this
    return this.#clock.during(async () => {
      let head: AuditHead | undefined
      const result = await transact(
        this.#database,
        (tx) => {
          const now = this.#clock.now()
          const noteAll = async (notes: readonly AuditNote[]): Promise<void> => {
            if (notes.length > 0) head = await append(tx, now, notes, this.#watch)
          }
          return work({ tx, now, noteAll, note: (type, data) => noteAll([{ actor, type, data }]) })
        },
        options,
      )
      if (head !== undefined) this.#watch?.committed(head)
      return result
    })
  }

  read<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    return this.#clock.during(() => read(this.#database, work))
  }
}

// Taking the numbers also takes the row's lock, and gives the hash that the lock protects.
const takeNumbers = statement((db, { count }: Values<{ count: number }>) =>
  db
    .updateTable('ledger_head')
    .set((eb) => ({ audit_seq: eb('audit_seq', '+', count) }))
    .where('id', '=', 1)
    .returning(['audit_seq', 'audit_hash']),
)

const records = new RowInserter('audit')

const moveHead = statement((db, { hash }: Values<{ hash: string }>) =>
  db.updateTable('ledger_head').set({ audit_hash: hash }).where('id', '=', 1),
)

async function append(
  tx: LedgerTransaction,
  now: number,
  notes: readonly AuditNote[],
  watch: ActWatch | undefined,
): Promise<AuditHead> {
  const [head] = await takeNumbers(tx, { count: notes.length })
  if (head === undefined)
    throw new LedgerError('LEDGER_DAMAGED', 'the ledger has lost its head row')
  const time = new Date(now).toISOString()
  let seq = head.audit_seq - notes.length
  let hash = head.audit_hash
  const before = { seq, hash }
  const rows = notes.map(({ actor, type, data }): AuditRow => {
    const record = { seq: ++seq, time, type, actor, data }
    hash = chainHash(hash, record)
    return { ...record, data: canonicalJson(data), hash }
  })
  await Promise.all([records.insert(tx, rows), moveHead(tx, { hash })])
  await watch?.beforeCommit(tx, before, notes)
  return { seq, hash }
}
