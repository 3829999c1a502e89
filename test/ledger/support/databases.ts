import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, systemRandom } from '@keyline/bytes'
import { openLedger, type Ledger, type LedgerLocation, type LedgerOptions } from '@keyline/ledger'
import type { Database } from '../../../packages/ledger/src/database/database.ts'
import { openPostgres } from '../../../packages/ledger/src/database/postgres.ts'
import { openSqlite } from '../../../packages/ledger/src/database/sqlite.ts'
import { startPostgres, type TestPostgres } from '../../support/postgres.ts'
import { storeKey } from './sample.ts'

/** A kind of database that the conformance suite runs on. */
export interface TestDatabases {
  start(): Promise<void>
  fresh(): Promise<LedgerLocation>
  stop(): Promise<void>
}

class SqliteDatabases implements TestDatabases {
  #folder = ''
  #count = 0

  async start(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'keyline-ledger-'))
  }

  fresh(): Promise<LedgerLocation> {
    return Promise.resolve({
      kind: 'sqlite',
      file: join(this.#folder, `ledger-${++this.#count}.db`),
    })
  }

  stop(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true })
  }
}

class PostgresDatabases implements TestDatabases {
  #server: TestPostgres | undefined

  async start(): Promise<void> {
    this.#server = await startPostgres()
  }

  async fresh(): Promise<LedgerLocation> {
    if (this.#server === undefined) throw new Error('the server is not started')
    return { kind: 'postgres', url: await this.#server.freshDatabase() }
  }

  async stop(): Promise<void> {
    await this.#server?.stop()
  }
}

/** Both real databases. Each test file starts and stops its own. */
export const databaseKinds = [
  { name: 'SQLite', create: (): TestDatabases => new SqliteDatabases() },
  { name: 'PostgreSQL', create: (): TestDatabases => new PostgresDatabases() },
] as const

export function openAt(
  database: LedgerLocation,
  change: Partial<LedgerOptions> = {},
): Promise<Ledger> {
  return openLedger({
    database,
    storeKey: storeKey(),
    clock: systemClock,
    random: systemRandom,
    actor: 'test',
    ...change,
  })
}

/** The database below the ledger, for what a test does behind the ledger's back. */
export interface RawDatabase extends AsyncDisposable {
  readonly database: Database
}

export async function openRaw(location: LedgerLocation): Promise<RawDatabase> {
  const database =
    location.kind === 'sqlite' ? await openSqlite(location.file) : openPostgres(location.url)
  return { database, [Symbol.asyncDispose]: () => database.kysely.destroy() }
}
