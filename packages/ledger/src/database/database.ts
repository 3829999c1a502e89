import type { Kysely, Transaction } from 'kysely'
import { isKeylineError } from '@keyline/bytes'
import { LedgerError, type LedgerErrorCode } from '../errors.ts'
import type { ColumnTypes } from './migrations.ts'
import { constraints } from './constraints.ts'
import type { Tables } from './schema.ts'

export type LedgerTransaction = Transaction<Tables>

/** Why a database refused: the same few reasons, whichever database it was. */
export type Refusal =
  | { readonly reason: 'constraint'; readonly constraint: string }
  | { readonly reason: 'busy' | 'full' | 'unavailable' | 'damaged' | 'other' }

/** One of the two databases. All their differences stand in here, as values. */
export interface Database {
  readonly kysely: Kysely<Tables>
  /** File, or address without credentials: stands in messages. */
  readonly place: string
  readonly types: ColumnTypes
  /** Lets one process at a time change the schema; inside the transaction that changes it. */
  lockSchema(transaction: LedgerTransaction): Promise<void>
  refusalOf(error: unknown): Refusal
  /**
   * For reads that do not wait for the transactions of this process. Where a connection must be opened for it, closing it is
   * with the caller.
   */
  openReader(): Promise<Reader>
  /** @throws LedgerError `LEDGER_FULL` when no new unit should be started on what the disk has left */
  checkReserve(): void
}

/** Reads beside the transactions of a database. */
export interface Reader {
  read<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T>
  close(): Promise<void>
}

const attempts = 5

export interface TransactOptions {
  /** Leaves a constraint that may be a lost race to the caller, who knows a better way than the same once more. */
  readonly isConstraintFinal?: boolean | undefined
}

/**
 * One transaction. A lost race (serialization failure, deadlock, lock held by another process) undoes it
 * whole, so it is run again, at most {@link attempts} times: the database itself has waited meanwhile.
 */
export async function transact<T>(
  database: Database,
  work: (transaction: LedgerTransaction) => Promise<T>,
  options: TransactOptions = {},
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await database.kysely.transaction().execute(work)
    } catch (error) {
      if (isKeylineError(error)) throw error
      const refusal = database.refusalOf(error)
      const isFinal = refusal.reason === 'constraint' && options.isConstraintFinal === true
      if (isFinal || attempt >= attempts || !mayRunAgain(refusal)) {
        throw errorOf(database, refusal, error)
      }
    }
  }
}

/** One statement that changes: a transaction of its own, run again while other writers hold the database. */
export async function change<T>(
  database: Database,
  work: (db: Kysely<Tables>) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(database.kysely)
    } catch (error) {
      if (isKeylineError(error)) throw error
      const refusal = database.refusalOf(error)
      if (attempt >= attempts || !mayRunAgain(refusal)) throw errorOf(database, refusal, error)
    }
  }
}

/** Statements that change nothing and need no common snapshot. */
export async function read<T>(
  database: Database,
  work: (db: Kysely<Tables>) => Promise<T>,
): Promise<T> {
  try {
    return await work(database.kysely)
  } catch (error) {
    if (isKeylineError(error)) throw error
    throw errorOf(database, database.refusalOf(error), error)
  }
}

function mayRunAgain(refusal: Refusal): boolean {
  if (refusal.reason === 'busy') return true
  return refusal.reason === 'constraint' && constraints[refusal.constraint]?.again === true
}

const codes = {
  busy: 'LEDGER_BUSY',
  full: 'LEDGER_FULL',
  unavailable: 'LEDGER_UNAVAILABLE',
  damaged: 'LEDGER_DAMAGED',
  other: 'LEDGER_DATABASE',
} as const satisfies Record<string, LedgerErrorCode>

export function errorOf(
  database: Pick<Database, 'place'>,
  refusal: Refusal,
  cause: unknown,
): LedgerError {
  if (refusal.reason === 'constraint') {
    const entry = constraints[refusal.constraint]
    if (entry !== undefined) return new LedgerError(entry.code, entry.message, { cause })
    const message = `${database.place}: constraint ${refusal.constraint} refused a statement`
    return new LedgerError('LEDGER_DATABASE', message, { cause })
  }
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new LedgerError(codes[refusal.reason], `${database.place}: ${reason}`, { cause })
}
