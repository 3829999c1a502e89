import { generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto'
import { join } from 'node:path'
import type { LedgerLocation } from '@keyline/ledger'
import { Pool } from 'pg'
import { loadSqlite } from '../packages/ledger/src/database/sqlite-driver.ts'
import { temporaryFolder } from '../test/support/line.ts'
import { startPostgres } from '../test/support/postgres.ts'

/** Callers that wait for an answer at the same time. */
export const callers = 32
const bareRowCount = 1000
const bareMs = 500

/** One durable transaction of one row, by as many callers. */
interface BareRows extends AsyncDisposable {
  write(row: Uint8Array): Promise<unknown>
}

/** A kind of database: an empty place for each round, and one for bare rows. */
export interface BenchDatabase extends AsyncDisposable {
  readonly name: string
  fresh(): Promise<LedgerLocation>
  bareRows(): Promise<BareRows>
}

export async function sqliteDatabase(): Promise<BenchDatabase> {
  const folder = await temporaryFolder('keyline-issuer-bench')
  let count = 0
  const fresh = (): LedgerLocation => ({
    kind: 'sqlite',
    file: join(folder.path, `${++count}.db`),
  })
  return {
    name: 'SQLite',
    fresh: () => Promise.resolve(fresh()),
    bareRows: async () => {
      const handle = (await loadSqlite())(join(folder.path, `bare-${++count}.db`), 200)
      handle.prepare('pragma journal_mode = wal').all([])
      handle.prepare('pragma synchronous = full').run([])
      handle.prepare('create table bare (id integer primary key, octets blob)').run([])
      const insert = handle.prepare('insert into bare (octets) values (?)')
      return {
        write: (row) => Promise.resolve(insert.run([row])),
        [Symbol.asyncDispose]: () => Promise.resolve(handle.close()),
      }
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

export async function postgresDatabase(): Promise<BenchDatabase> {
  const server = await startPostgres([])
  return {
    name: 'PostgreSQL',
    fresh: async () => ({ kind: 'postgres', url: await server.freshDatabase() }),
    bareRows: async () => {
      const pool = new Pool({ connectionString: await server.freshDatabase(), max: callers })
      await pool.query('create table bare (id bigserial primary key, octets bytea)')
      const insert = { name: 'insert', text: 'insert into bare (octets) values ($1)' }
      return {
        write: (row) => pool.query({ ...insert, values: [row] }),
        [Symbol.asyncDispose]: () => pool.end(),
      }
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** Does each piece of work once, so many at a time. Returns how many a second were done. */
export async function rateOf(
  count: number,
  work: (place: number) => Promise<unknown>,
): Promise<number> {
  let next = 0
  const start = performance.now()
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (next < count) await work(next++)
    }),
  )
  return (count * 1000) / (performance.now() - start)
}

/** Durable transactions of one row a second. */
export async function bareTransactions(database: BenchDatabase): Promise<number> {
  await using rows = await database.bareRows()
  const row = randomBytes(900)
  await rateOf(callers, () => rows.write(row))
  return await rateOf(bareRowCount, () => rows.write(row))
}

/** What a request costs in any case: the key of the board is read, its signature verified, one made; on one thread. */
export function bareCryptography(): number {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = publicKey.export({ format: 'der', type: 'spki' })
  const message = randomBytes(400)
  const signature = sign('sha256', message, privateKey)
  const start = performance.now()
  let count = 0
  while (performance.now() - start < bareMs) {
    if (!verify('sha256', message, { key, format: 'der', type: 'spki' }, signature))
      throw new Error()
    sign('sha256', message, privateKey)
    count++
  }
  return (count * 1000) / (performance.now() - start)
}
