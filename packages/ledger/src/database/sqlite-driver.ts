import { LedgerError } from '../errors.ts'

/** A prepared statement of either driver. */
export interface SqliteStatement {
  /** True when the statement gives rows. */
  readonly reader: boolean
  all(parameters: readonly unknown[]): readonly unknown[]
  /** Returns the number of changed rows. */
  run(parameters: readonly unknown[]): number
}

/** An open SQLite database of either driver; every call is synchronous. */
export interface SqliteHandle {
  prepare(text: string): SqliteStatement
  close(): void
}

export type OpenSqlite = (file: string, busyTimeoutMs: number) => SqliteHandle

/**
 * The SQLite driver of this machine: `node:sqlite` where Node.js has it in full (22.16 and newer),
 * `better-sqlite3` before that; the other one where the first does not load.
 * @throws LedgerError `LEDGER_DRIVER`
 */
export async function loadSqlite(nodeVersion = process.versions.node): Promise<OpenSqlite> {
  const major = Number.parseInt(nodeVersion, 10)
  const loaders = [loadNodeSqlite, loadBetterSqlite]
  if (major < 22) loaders.reverse()
  const reasons: string[] = []
  for (const load of loaders) {
    try {
      return await load()
    } catch (error) {
      reasons.push(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error))
    }
  }
  throw new LedgerError(
    'LEDGER_DRIVER',
    `Node.js ${nodeVersion} has no SQLite driver: ${reasons.join('; ')}`,
  )
}

async function loadBetterSqlite(): Promise<OpenSqlite> {
  const { default: Database } = await import('better-sqlite3')
  return (file, busyTimeoutMs) => {
    const db = new Database(file, { timeout: busyTimeoutMs })
    return {
      prepare(text) {
        const statement = db.prepare(text)
        return {
          reader: statement.reader,
          all: (parameters) => statement.all(...parameters),
          run: (parameters) => statement.run(...parameters).changes,
        }
      },
      close: () => db.close(),
    }
  }
}

/** What is used of `node:sqlite`; the declarations of the oldest supported Node.js have no such module. */
interface NodeSqlite {
  readonly DatabaseSync: new (file: string) => {
    exec(text: string): void
    prepare(text: string): {
      columns(): readonly unknown[]
      all(...parameters: readonly unknown[]): readonly unknown[]
      run(...parameters: readonly unknown[]): { readonly changes: number | bigint }
    }
    close(): void
  }
}

/** Node.js 22.16 and newer: before that a statement does not tell whether it gives rows. */
function isNodeSqlite(module: unknown): module is NodeSqlite {
  if (typeof module !== 'object' || module === null) return false
  if (!('DatabaseSync' in module && 'StatementSync' in module)) return false
  const { StatementSync: statement } = module
  return typeof statement === 'function' && 'columns' in statement.prototype
}

function loadNodeSqlite(): Promise<OpenSqlite> {
  const module: unknown = process.getBuiltinModule('node:sqlite')
  if (!isNodeSqlite(module)) {
    return Promise.reject(new Error('node:sqlite is not part of this Node.js'))
  }
  return Promise.resolve((file, busyTimeoutMs) => {
    const db = new module.DatabaseSync(file)
    db.exec(`pragma busy_timeout = ${busyTimeoutMs}`)
    return {
      prepare(text) {
        const statement = db.prepare(text)
        return {
          reader: statement.columns().length > 0,
          all: (parameters) => statement.all(...parameters),
          run: (parameters) => Number(statement.run(...parameters).changes),
        }
      },
      close: () => db.close(),
    }
  })
}
