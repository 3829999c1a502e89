import { closeSync, fstatSync, openSync, statfsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Kysely } from 'kysely'
import { LedgerError } from '../errors.ts'
import { errorOf, read, type Database, type Refusal } from './database.ts'
import { constraints } from './constraints.ts'
import type { Tables } from './schema.ts'
import { sqliteCodeOf, sqliteDialect } from './sqlite-dialect.ts'
import { loadSqlite, type OpenSqlite, type SqliteHandle } from './sqlite-driver.ts'

/**
 * How long one attempt waits for a writer in another process. It blocks this process, so it is short;
 * all attempts together take a second.
 */
const busyTimeoutMs = 200

/**
 * Indexes over keys and hashes are touched everywhere by each batch of units: a larger cache and fewer checkpoints
 * let a page be written once for many of them.
 */
const cacheKibibytes = 6144
const checkpointPages = 8000

/** Room that stays free for the boards in work: several hundred of their transactions. */
const reserveOctets = 4 * 1024 * 1024

/**
 * Opens or creates a SQLite file, readable by its owner alone.
 * Write-ahead log with a sync at each commit: what was acknowledged survives a power cut.
 */
export async function openSqlite(file: string, open?: OpenSqlite): Promise<Database> {
  const path = resolve(file)
  const driver = open ?? (await loadSqlite())
  const handle = connect(path, driver)
  const kysely = new Kysely<Tables>({ dialect: sqliteDialect(handle) })
  return {
    kysely,
    place: path,
    types: {
      octets: 'blob',
      integer: 'integer',
      table: 'strict, without rowid',
      heap: 'strict',
      isClustered: true,
    },
    // The transaction holds the write lock from its first moment.
    lockSchema: () => Promise.resolve(),
    refusalOf,
    checkReserve: () => checkReserve(path),
    // The write-ahead log lets a second connection read what is committed while a transaction is at work.
    openReader: async () => {
      const beside = await openSqlite(path, driver)
      return {
        read: (work) => read(beside, work),
        close: () => beside.kysely.destroy(),
      }
    },
  }
}

function connect(path: string, open: OpenSqlite): SqliteHandle {
  let handle: SqliteHandle | undefined
  try {
    makeFile(path)
    handle = open(path, busyTimeoutMs)
    const mode = valueOf(handle, 'pragma journal_mode = wal')
    if (mode !== 'wal') {
      throw new LedgerError(
        'LEDGER_UNAVAILABLE',
        `${path}: this file system does not support the write-ahead log (journal mode ${String(mode)})`,
        { remedy: 'put the database on a local disk' },
      )
    }
    handle.prepare('pragma synchronous = full').run([])
    handle.prepare('pragma foreign_keys = on').run([])
    handle.prepare(`pragma cache_size = -${cacheKibibytes}`).run([])
    valueOf(handle, `pragma wal_autocheckpoint = ${checkpointPages}`)
    return handle
  } catch (error) {
    handle?.close()
    if (error instanceof LedgerError) throw error
    const refusal = refusalOf(error)
    const reason = refusal.reason === 'other' ? { reason: 'unavailable' as const } : refusal
    throw errorOf({ place: path }, reason, error)
  }
}

/** @throws LedgerError `LEDGER_UNAVAILABLE` for the file of another user, or on a share */
function makeFile(path: string): void {
  const file = openSync(path, 'a', 0o600)
  try {
    const share = networkShare(statfsSync(path).type)
    if (share !== undefined) {
      const message = `${path} is on a network share (${share}), where locks and syncs are not kept`
      const remedy = 'put the database on a local disk, or use PostgreSQL'
      throw new LedgerError('LEDGER_UNAVAILABLE', message, { remedy })
    }
    // What this process writes beside the file would belong to another user than the file, and shut its owner out.
    const { uid } = fstatSync(file)
    const me = process.getuid?.() ?? uid
    if (uid === me) return
    const message = `${path} belongs to user ${uid}, and this process is of user ${me}`
    throw new LedgerError('LEDGER_UNAVAILABLE', message, { remedy: 'run as the owner of the file' })
  } finally {
    closeSync(file)
  }
}

/** Magic numbers of file systems that other machines write as well (statfs(2)). */
const shares: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0x517b: 'SMB',
  0xfe534d42: 'SMB2',
  0xff534d42: 'CIFS',
  0x5346414f: 'AFS',
  0x73757245: 'Coda',
}

/** Name of a network file system, by the type that statfs(2) tells. */
export function networkShare(type: number): string | undefined {
  return shares[type]
}

function valueOf(handle: SqliteHandle, text: string): unknown {
  const row = handle.prepare(text).all([])[0]
  return typeof row === 'object' && row !== null ? Object.values(row)[0] : undefined
}

function checkReserve(path: string): void {
  const { bavail, bsize } = statfsSync(dirname(path))
  const free = bavail * bsize
  if (free >= reserveOctets) return
  throw new LedgerError(
    'LEDGER_FULL',
    `the disk of ${path} has ${free} octets left; new units need ${reserveOctets}, kept for boards in work`,
  )
}

const reasons: Readonly<Record<string, Exclude<Refusal['reason'], 'constraint'>>> = {
  SQLITE_BUSY: 'busy',
  SQLITE_LOCKED: 'busy',
  SQLITE_FULL: 'full',
  SQLITE_IOERR: 'unavailable',
  SQLITE_CANTOPEN: 'unavailable',
  SQLITE_READONLY: 'unavailable',
  SQLITE_CORRUPT: 'damaged',
  SQLITE_NOTADB: 'damaged',
}

function refusalOf(error: unknown): Refusal {
  const code = sqliteCodeOf(error)
  if (code === 'SQLITE_CONSTRAINT' && error instanceof Error) {
    return { reason: 'constraint', constraint: constraintOf(error.message) }
  }
  return { reason: reasons[code ?? ''] ?? 'other' }
}

/** `UNIQUE constraint failed: table.column, …` or `CHECK constraint failed: name`. */
function constraintOf(message: string): string {
  const detail = /constraint failed: (.+)$/.exec(message)?.[1] ?? message
  const named = Object.entries(constraints).find(([, entry]) => entry.columns === detail)
  return named?.[0] ?? detail
}
