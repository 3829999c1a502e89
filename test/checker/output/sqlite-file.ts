import { createRequire } from 'node:module'

/** A SQLite file, through whichever driver this Node.js has. */
export interface SqliteFile {
  rows(text: string): readonly unknown[]
  /** Statements, separated by semicolons. */
  exec(text: string): void
  close(): void
}

interface Connection {
  prepare(text: string): { all(): readonly unknown[] }
  exec(text: string): unknown
  close(): void
}

type Driver = new (file: string, options: Readonly<Record<string, boolean>>) => Connection

/** Opens a file for reading alone, unless the caller wants to tamper with it. */
export function openSqliteFile(file: string, isWritable = false): SqliteFile {
  const connection = connect(file, !isWritable)
  return {
    rows: (text) => connection.prepare(text).all(),
    exec: (text) => void connection.exec(text),
    close: () => connection.close(),
  }
}

function connect(file: string, isReadOnly: boolean): Connection {
  const own: unknown = process.getBuiltinModule('node:sqlite')
  if (typeof own === 'object' && own !== null && 'DatabaseSync' in own) {
    if (isDriver(own.DatabaseSync)) return new own.DatabaseSync(file, { readOnly: isReadOnly })
  }
  const addOn: unknown = createRequire(import.meta.url)('better-sqlite3')
  if (isDriver(addOn)) return new addOn(file, { readonly: isReadOnly })
  throw new Error('this Node.js has no driver for SQLite')
}

function isDriver(value: unknown): value is Driver {
  return typeof value === 'function'
}
