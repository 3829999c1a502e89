import type { Clock, Random, Secret } from '@keyline/bytes'
import type { Kysely } from 'kysely'
import type { Database } from './database/database.ts'
import { migrate } from './database/migrate.ts'
import type { Tables } from './database/schema.ts'
import { Ledger } from './ledger.ts'
import { Actor } from './store/act.ts'
import { Gather, type Outcome } from './store/gather.ts'
import type { JobQueue } from './store/jobs.ts'
import { findProspects, type IssuanceProspect, type IssuanceQuestion } from './store/prospects.ts'
import { Recorder } from './store/recorder.ts'
import { checkStoreKey } from './store/settings.ts'
import { Vault } from './store/vault.ts'

export type LedgerLocation =
  | { readonly kind: 'sqlite'; readonly file: string }
  | {
      readonly kind: 'postgres'
      readonly url: string
      /** Most connections at a time; 10 unless given. */
      readonly connections?: number | undefined
    }

export interface LedgerOptions {
  readonly database: LedgerLocation
  /** 32 octets that seal the identity secrets and settings. Stays with the caller. */
  readonly storeKey: Secret
  readonly clock: Clock
  readonly random: Random
  /** Who acts: stands in every audit record. */
  readonly actor: string
}

/**
 * Opens the system of record, and brings its schema forward.
 * @throws LedgerError `LEDGER_UNAVAILABLE`, `LEDGER_DRIVER`, `LEDGER_SCHEMA`, `LEDGER_STORE_KEY`, `LEDGER_DAMAGED`
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const vault = new Vault(options.storeKey, options.random)
  const { clock, actor } = options
  return clock.during(async () => {
    const database = await openDatabase(options.database)
    try {
      await migrate(database, clock.now())
      const acts = new Actor({ database, clock, actor })
      await acts.act((act) => checkStoreKey(act, vault, database.place))
      const queue = once(() => openQueue(options.database, acts, clock))
      return new Ledger({
        database,
        vault,
        acts,
        queue,
        clock,
        random: options.random,
        recorder: new Recorder(acts),
        prospects: new Gather({
          run: (questions) => acts.read((db) => prospectsOf(db, questions)),
        }),
        life: { isOver: false },
        isView: false,
      })
    } catch (error) {
      await database.kysely.destroy()
      throw error
    }
  })
}

/** Only the driver of the database that is used gets loaded. */
async function openDatabase(location: LedgerLocation): Promise<Database> {
  if (location.kind === 'sqlite') {
    const { openSqlite } = await import('./database/sqlite.ts')
    return openSqlite(location.file)
  }
  const { openPostgres } = await import('./database/postgres.ts')
  return openPostgres(location.url, location.connections)
}

/** As with the database: only the queue that is used gets loaded. */
async function openQueue(location: LedgerLocation, acts: Actor, clock: Clock): Promise<JobQueue> {
  if (location.kind === 'sqlite') {
    const { SqliteJobs } = await import('./store/jobs-sqlite.ts')
    return new SqliteJobs(acts, clock)
  }
  const { PostgresJobs } = await import('./store/jobs-postgres.ts')
  const queue = new PostgresJobs(location.url)
  await queue.prepare()
  return queue
}

/** The first call's result for all of them; a failed one is tried again. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined
      throw error
    })
    return made
  }
}

async function prospectsOf(
  db: Kysely<Tables>,
  questions: readonly IssuanceQuestion[],
): Promise<readonly Outcome<IssuanceProspect>[]> {
  const prospects = await findProspects(db, questions)
  return prospects.map((answer) => ({ ok: true, answer }))
}
