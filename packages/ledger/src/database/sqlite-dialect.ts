import { setTimeout } from 'node:timers/promises'
import {
  CompiledQuery,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from 'kysely'
import type { SqliteHandle, SqliteStatement } from './sqlite-driver.ts'

/**
 * SQLite for the query layer, over either driver. It differs from the one of the query layer in four points:
 * a transaction takes the write lock at once (so that it never has to be undone for a lock), waiting
 * transactions are served in order, statements are prepared once, and an I/O error ends all further work.
 */
export function sqliteDialect(handle: SqliteHandle): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new LedgerSqliteDriver(handle),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
}

class LedgerSqliteDriver implements Driver {
  readonly #connection: SqliteConnection
  readonly #handle: SqliteHandle
  #last = new Turn()
  #current = this.#last

  constructor(handle: SqliteHandle) {
    this.#handle = handle
    this.#connection = new SqliteConnection(handle)
    this.#last.end()
  }

  init(): Promise<void> {
    return Promise.resolve()
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#last
    const turn = new Turn()
    this.#last = turn
    await before.over
    this.#current = turn
    return this.#connection
  }

  releaseConnection(): Promise<void> {
    this.#current.end()
    return Promise.resolve()
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(begin)
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(commit)
  }

  /** SQLite may have undone the transaction by itself: then there is nothing left to undo. */
  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(rollback).catch(() => undefined)
  }

  destroy(): Promise<void> {
    this.#handle.close()
    return Promise.resolve()
  }
}

/** The time one user holds the only connection. */
class Turn {
  end: () => void = () => undefined
  readonly over = new Promise<void>((resolve) => {
    this.end = resolve
  })
}

const begin = CompiledQuery.raw('begin immediate')
const commit = CompiledQuery.raw('commit')
const rollback = CompiledQuery.raw('rollback')

/**
 * A wait for the lock of another process holds up this one. Between two waits all else has its turn: a server takes one
 * new connection in each turn of its event loop.
 */
const pauseMs = 50

class SqliteConnection implements DatabaseConnection {
  readonly #handle: SqliteHandle
  readonly #statements = new Map<string, SqliteStatement>()
  #failure: Error | undefined

  constructor(handle: SqliteHandle) {
    this.#handle = handle
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    if (this.#failure !== undefined && query !== rollback) throw this.#failure
    try {
      const statement = this.#prepare(query)
      if (!statement.reader) {
        return { rows: [], numAffectedRows: BigInt(statement.run(query.parameters)) }
      }
      // The row type was inferred from the query that made this text.
      return { rows: statement.all(query.parameters) as Row[] }
    } catch (error) {
      // After a failed write or sync nobody knows what is on the disk; only opening anew reads it.
      if (sqliteCodeOf(error) === 'SQLITE_IOERR' && error instanceof Error) this.#failure = error
      if (sqliteCodeOf(error) === 'SQLITE_BUSY') await setTimeout(pauseMs)
      throw error
    }
  }

  // oxlint-disable-next-line require-yield -- the interface asks for it, the ledger reads in pages
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('the ledger reads in pages')
  }

  /** Only what comes from the query layer has a bounded number of texts; raw statements run once. */
  #prepare(query: CompiledQuery): SqliteStatement {
    const known = this.#statements.get(query.sql)
    if (known !== undefined) return known
    const statement = this.#handle.prepare(query.sql)
    this.#statements.set(query.sql, statement)
    return statement
  }
}

const primaryCodes: Readonly<Record<number, string>> = {
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  19: 'SQLITE_CONSTRAINT',
  26: 'SQLITE_NOTADB',
}

/** SQLITE_IOERR_SHMSIZE: the shared-memory file could not grow, which a full disk causes. */
const shmSize = 10 | (19 << 8)

/** Primary result code of an error of either driver: one has its name, the other its number. */
export function sqliteCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  if ('errcode' in error && typeof error.errcode === 'number') {
    if (error.errcode === shmSize) return 'SQLITE_FULL'
    return primaryCodes[error.errcode & 0xff]
  }
  if (!('code' in error) || typeof error.code !== 'string') return undefined
  if (error.code === 'SQLITE_IOERR_SHMSIZE') return 'SQLITE_FULL'
  return /^SQLITE_[A-Z]+/.exec(error.code)?.[0]
}
