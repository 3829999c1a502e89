import {
  CompiledQuery,
  Kysely,
  PostgresDialect,
  sql,
  type DatabaseConnection,
  type Driver,
} from 'kysely'
import { DatabaseError, Pool, types } from 'pg'
import { read, type Database, type Refusal } from './database.ts'
import { prepareStatements, stalePlan } from './prepared-statements.ts'
import type { Tables } from './schema.ts'

const int8 = 20

/**
 * A pool of connections to one PostgreSQL database. Every wait has an end on the server's side too, so that
 * a station that froze inside a transaction does not hold the others up for ever.
 */
export function openPostgres(url: string, connections = 10): Database {
  const pool = new Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 30_000,
    query_timeout: 60_000,
    keepAlive: true,
    application_name: 'keyline',
    ...withoutWaiting,
    options: [
      'synchronous_commit=on',
      'lock_timeout=10s',
      'statement_timeout=30s',
      'idle_in_transaction_session_timeout=30s',
      ...plansByKey,
    ]
      .map((setting) => `-c ${setting}`)
      .join(' '),
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === int8 ? wholeNumber : types.getTypeParser(oid, format),
    },
  })
  // A connection that dies while it rests is replaced by the pool at the next use.
  pool.on('error', () => undefined)
  // One that dies at work has failed its statement already; said once more, it would end the process.
  pool.on('connect', (client) => {
    client.on('error', () => undefined)
    prepareStatements(client)
  })
  const database: Database = {
    kysely: new Kysely<Tables>({ dialect: new EagerDialect({ pool }) }),
    place: placeOf(url),
    types: { octets: 'bytea', integer: 'bigint', table: '', heap: '', isClustered: false },
    lockSchema: async (transaction) => {
      await sql`select pg_advisory_xact_lock(${schemaLock})`.execute(transaction)
    },
    refusalOf,
    // The disk is the server's; it answers a write that does not fit with class 53.
    checkReserve: () => undefined,
    // Each transaction has a connection of its own.
    openReader: () =>
      Promise.resolve({
        read: (work) => read(database, work),
        close: () => Promise.resolve(),
      }),
  }
  return database
}

/**
 * Rows are asked for by their keys. A prepared statement keeps its plan, and one that was made while the tables were
 * small reads them whole for every request, however large they have become.
 */
const plansByKey = ['enable_seqscan=off', 'enable_hashjoin=off', 'enable_mergejoin=off']

/** Statements that are sent together wait for one round trip, and are answered in their order. */
const withoutWaiting = { pipeline: true }

const begin = CompiledQuery.raw('begin')

/** Sends the first statement of a transaction right behind its `begin`: what is wrong with one is wrong with both. */
function beginTransaction(connection: DatabaseConnection): Promise<void> {
  connection.executeQuery(begin).catch(() => undefined)
  return Promise.resolve()
}

class EagerDialect extends PostgresDialect {
  override createDriver(): Driver {
    return Object.assign(super.createDriver(), { beginTransaction })
  }
}

/** `keyline` in ASCII, cut to 32 bits: one lock number for all Keyline processes of a database. */
const schemaLock = 0x6b65796c

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`the database has ${text}, beyond 2^53`)
  return value
}

function placeOf(url: string): string {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}

const reasons: Readonly<Record<string, Exclude<Refusal['reason'], 'constraint'>>> = {
  '40001': 'busy',
  '40P01': 'busy',
  '55P03': 'busy',
  '57014': 'busy',
  [stalePlan]: 'busy',
  '53100': 'full',
  XX001: 'damaged',
  XX002: 'damaged',
}

/** Classes of SQLSTATE: connection, authorisation, catalogue, resources, operator, system. */
const awayClasses = new Set(['08', '28', '3D', '53', '57', '58'])

function refusalOf(error: unknown): Refusal {
  const state = stateOf(error)
  if (state === undefined) {
    const ours = error instanceof TypeError || error instanceof RangeError
    return { reason: ours ? 'other' : 'unavailable' }
  }
  if (state.startsWith('23') && error instanceof DatabaseError) {
    return { reason: 'constraint', constraint: error.constraint ?? state }
  }
  const reason = reasons[state]
  if (reason !== undefined) return { reason }
  return { reason: awayClasses.has(state.slice(0, 2)) ? 'unavailable' : 'other' }
}

/** SQLSTATE; `undefined` when the error came from the wire or the pool and not from the server. */
function stateOf(error: unknown): string | undefined {
  return error instanceof DatabaseError ? error.code : undefined
}
