import { canonicalJson, interruption, type Clock } from '@keyline/bytes'
import type { JobRow } from '../database/schema.ts'
import type { LedgerTransaction } from '../database/database.ts'
import { sql, type Selectable } from 'kysely'
import type { Act } from './act.ts'
import type { Acts } from './acts.ts'
import {
  backOffMs,
  longestJobMs,
  maxAttempts,
  type JobPayload,
  type JobQueue,
  type NewJob,
  type QueuedHandler,
  type RunningJobs,
} from './jobs.ts'
import { parsePayload } from './job-payload.ts'

const pollMs = 1000

/** Jobs as rows of a table, run one after the other in this process. */
export class SqliteJobs implements JobQueue {
  readonly #acts: Pick<Acts, 'act' | 'read'>
  readonly #clock: Clock

  constructor(acts: Pick<Acts, 'act' | 'read'>, clock: Clock) {
    this.#acts = acts
    this.#clock = clock
  }

  async add(tx: LedgerTransaction, job: NewJob): Promise<void> {
    const row = {
      name: job.name,
      payload: canonicalJson(job.payload),
      job_key: job.key ?? null,
      run_at: job.runAt ?? job.now,
      locked_until: 0,
      attempts: 0,
      last_error: null,
    }
    await tx
      .insertInto('job')
      .values(row)
      .onConflict((conflict) =>
        conflict
          .column('job_key')
          // A literal: with a parameter SQLite does not know its index again.
          .where('locked_until', '=', sql.lit(0))
          .doUpdateSet((eb) => ({
            payload: row.payload,
            attempts: 0,
            run_at: eb
              .case()
              .when('job.attempts', '=', 0)
              .then(eb.ref('job.run_at'))
              .else(row.run_at)
              .end(),
          })),
      )
      .execute()
  }

  run(handlers: Readonly<Record<string, QueuedHandler>>): Promise<RunningJobs> {
    const stopped = new AbortController()
    const ended = this.#loop(handlers, stopped.signal)
    return Promise.resolve({
      stop: () => {
        stopped.abort(interruption(undefined))
        return ended
      },
    })
  }

  async #loop(
    handlers: Readonly<Record<string, QueuedHandler>>,
    signal: AbortSignal,
  ): Promise<void> {
    const names = Object.keys(handlers)
    while (!signal.aborted) {
      // A database that is away is asked again a moment later.
      const row = await this.#take(names).catch(() => undefined)
      const handler = row && handlers[row.name]
      if (row === undefined || handler === undefined) {
        await this.#clock.sleep(pollMs, signal).catch(() => undefined)
        continue
      }
      await this.#work(row, handler).catch(() => undefined)
    }
  }

  /** Reads before it writes, so that an idle queue writes nothing. */
  async #take(names: readonly string[]): Promise<Selectable<JobRow> | undefined> {
    const now = this.#clock.now()
    const due = await this.#acts.read((db) =>
      db
        .selectFrom('job')
        .select('id')
        .where('name', 'in', names)
        .where('run_at', '<=', now)
        .where('locked_until', '<=', now)
        .where('attempts', '<', maxAttempts)
        .orderBy('run_at')
        .limit(1)
        .executeTakeFirst(),
    )
    if (due === undefined) return undefined
    return this.#acts.act(({ tx }) =>
      tx
        .updateTable('job')
        .set((eb) => ({
          locked_until: now + 2 * longestJobMs,
          attempts: eb('attempts', '+', 1),
        }))
        .where('id', '=', due.id)
        .where('locked_until', '<=', now)
        .returningAll()
        .executeTakeFirst(),
    )
  }

  async #work(row: Selectable<JobRow>, handler: QueuedHandler): Promise<void> {
    try {
      const payload: JobPayload = parsePayload(row.payload)
      await handler(payload, row.attempts)
    } catch (error) {
      await this.#acts.act((act) => giveBack(act, row, error))
      return
    }
    await this.#acts.act(({ tx }) => tx.deleteFrom('job').where('id', '=', row.id).execute())
  }
}

/** The job waits for its next attempt, unless one with its key waits already. */
async function giveBack({ tx, now }: Act, row: Selectable<JobRow>, error: unknown): Promise<void> {
  const twin =
    row.job_key === null
      ? undefined
      : await tx
          .selectFrom('job')
          .select('id')
          .where('job_key', '=', row.job_key)
          .where('locked_until', '=', 0)
          .executeTakeFirst()
  if (twin !== undefined) {
    await tx.deleteFrom('job').where('id', '=', row.id).execute()
    return
  }
  await tx
    .updateTable('job')
    .set({
      locked_until: 0,
      run_at: now + backOffMs(row.attempts),
      last_error: error instanceof Error ? error.message : String(error),
    })
    .where('id', '=', row.id)
    .execute()
}
