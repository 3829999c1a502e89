import type { Clock, Random, Secret } from '@keyline/bytes'
import type { Kysely } from 'kysely'
import type { Database } from './database/database.ts'
import { checkDurability } from './database/durability.ts'
import { migrate } from './database/migrate.ts'
import type { Tables } from './database/schema.ts'
import { Ledger } from './ledger.ts'
import { Actor } from './store/act.ts'
import { CheckpointKeeper, type CheckpointOptions } from './store/checkpoint.ts'
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
  /** Notes outside the database what was committed, so that a restored backup is found and refused. */
  readonly checkpoints?: CheckpointOptions | undefined
  /** `production` refuses a PostgreSQL that may lose what it has acknowledged. */
  readonly policy?: 'test' | 'production' | undefined
}

/**
 * Opens the system of record, and brings its schema forward.
 * @throws LedgerError `LEDGER_UNAVAILABLE`, `LEDGER_DRIVER`, `LEDGER_SCHEMA`, `LEDGER_STORE_KEY`, `LEDGER_DAMAGED`,
 * `LEDGER_RESTORED`, `LEDGER_CHECKPOINT`, `LEDGER_DURABILITY`
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { clock, random, checkpoints } = options
  return clock.during(async () => {
    const { database, vault, acts: unwatched } = await openActor(options)
    try {
      if (options.policy === 'production' && options.database.kind === 'postgres') {
        await unwatched.read((db) => checkDurability(db, database.place))
      }
      const keeper =
        checkpoints && (await CheckpointKeeper.open(unwatched, { ...checkpoints, clock, random }))
      const acts = keeper === undefined ? unwatched : unwatched.under(keeper)
      const queue = once(() => openQueue(options.database, acts, clock))
      return new Ledger({
        database,
        vault,
        acts,
        queue,
        keeper,
        clock,
        random,
        recorder: new Recorder(acts),
        prospects: new Gather({
          most: questionsTogether,
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

/** The database at its newest schema, opened with the key that sealed it, and who acts on it. */
export async function openActor(
  options: Omit<LedgerOptions, 'checkpoints'>,
): Promise<{ readonly database: Database; readonly vault: Vault; readonly acts: Actor }> {
  const { clock, actor } = options
  const vault = new Vault(options.storeKey, options.random)
  const database = await openDatabase(options.database)
  try {
    await migrate(database, clock.now())
    const acts = new Actor({ database, clock, actor })
    await acts.act((act) => checkStoreKey(act, vault, database.place))
    return { database, vault, acts }
  } catch (error) {
    await database.kysely.destroy()
    throw error
  }
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

/** Fewer than are recorded together, so that the work between goes on while others are recorded. */
const questionsTogether = 16

async function prospectsOf(
  db: Kysely<Tables>,
  questions: readonly IssuanceQuestion[],
): Promise<readonly Outcome<IssuanceProspect>[]> {
  const prospects = await findProspects(db, questions)
  return prospects.map((answer) => ({ ok: true, answer }))
}
