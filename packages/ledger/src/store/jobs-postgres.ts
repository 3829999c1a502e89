import { canonicalJson, isKeylineError } from '@keyline/bytes'
import { sql } from 'kysely'
import { Logger, run, runMigrations } from 'graphile-worker'
import { Pool } from 'pg'
import type { LedgerTransaction } from '../database/database.ts'
import { LedgerError } from '../errors.ts'
import { parsePayload } from './job-payload.ts'
import {
  maxAttempts,
  type JobQueue,
  type NewJob,
  type QueuedHandler,
  type RunningJobs,
} from './jobs.ts'

/** Jobs of this process at a time: they wait for the database and the signer, and leave both to requests. */
const concurrency = 2

/** What the queue would print; failures of jobs are told by the handlers. */
const silence = new Logger(() => () => undefined)

/** The queue of PostgreSQL, in a schema of its own. Each job runs on one of the processes that run jobs. */
export class PostgresJobs implements JobQueue {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  /** Brings the schema of the queue forward. */
  async prepare(): Promise<void> {
    const pgPool = this.#openPool()
    try {
      await namingThePlace(() => runMigrations({ pgPool, logger: silence }))
    } finally {
      await pgPool.end()
    }
  }

  async add(tx: LedgerTransaction, job: NewJob): Promise<void> {
    const runAt = job.runAt === undefined ? null : new Date(job.runAt).toISOString()
    await sql`select graphile_worker.add_job(
      ${job.name}::text,
      payload => ${canonicalJson(job.payload)}::json,
      run_at => ${runAt}::timestamptz,
      max_attempts => ${maxAttempts}::int,
      job_key => ${job.key ?? null}::text,
      job_key_mode => 'preserve_run_at'
    )`.execute(tx)
  }

  async run(handlers: Readonly<Record<string, QueuedHandler>>): Promise<RunningJobs> {
    const pgPool = this.#openPool()
    const runner = await namingThePlace(() =>
      run({
        pgPool,
        logger: silence,
        concurrency,
        noHandleSignals: true,
        pollInterval: 1000,
        taskList: Object.fromEntries(
          Object.entries(handlers).map(([name, handler]) => [
            name,
            (payload, { job }) => handler(parsePayload(JSON.stringify(payload)), job.attempts),
          ]),
        ),
      }),
    )
    // The runner ends by itself only when it is stopped or its database is gone for good.
    const ended = runner.promise.catch(() => undefined)
    return {
      stop: async () => {
        await runner.stop().catch(() => undefined)
        await ended
        await pgPool.end()
      },
    }
  }

  /** One connection listens, the others work. One that dies is replaced at the next use. */
  #openPool(): Pool {
    const pool = new Pool({
      connectionString: this.#url,
      max: concurrency + 2,
      connectionTimeoutMillis: 30_000,
      application_name: 'keyline-jobs',
    })
    pool.on('error', () => undefined)
    pool.on('connect', (client) => client.on('error', () => undefined))
    return pool
  }
}

async function namingThePlace<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (isKeylineError(cause)) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new LedgerError('LEDGER_UNAVAILABLE', `the job queue does not start: ${reason}`, {
      cause,
    })
  }
}
