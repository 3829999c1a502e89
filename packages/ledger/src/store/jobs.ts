import {
  interruption,
  isKeylineError,
  withDeadline,
  type Clock,
  type JsonValue,
} from '@keyline/bytes'
import type { LedgerTransaction } from '../database/database.ts'
import type { Acts } from './acts.ts'

/** Members of a job: ids and counts. Never a secret. */
export type JobPayload = Readonly<Record<string, JsonValue>>

/** Does one job. It may be run again after it was done, so it must change nothing then. */
export type JobHandler = (payload: JobPayload, signal: AbortSignal) => Promise<void>

export interface JobOptions {
  /** Of several waiting jobs with one key, only one stays: the payload of the last, the time of the first. */
  readonly key?: string | undefined
  /** Not before; milliseconds since 1970. At once unless given. */
  readonly runAt?: number | undefined
}

export interface JobFailure {
  readonly name: string
  readonly attempt: number
  /** True when it is not tried again. */
  readonly isLast: boolean
  readonly error: unknown
}

export interface RunOptions {
  readonly handlers: Readonly<Record<string, JobHandler>>
  /** Jobs that are added over and over: name and period in milliseconds. With several runners each still runs once. */
  readonly every?: Readonly<Record<string, number>> | undefined
  readonly onFailure?: ((failure: JobFailure) => void) | undefined
}

export interface RunningJobs {
  /** Lets the running job end, and takes no other. */
  stop(): Promise<void>
}

/** One of the two queues: a table of SQLite, or the one that PostgreSQL has. */
export interface JobQueue {
  add(tx: LedgerTransaction, job: NewJob): Promise<void>
  run(handlers: Readonly<Record<string, QueuedHandler>>): Promise<RunningJobs>
}

export interface NewJob extends JobOptions {
  readonly name: string
  readonly payload: JobPayload
  readonly now: number
}

export type QueuedHandler = (payload: JobPayload, attempt: number) => Promise<void>

/** A job that fails so often is left alone; its row stays. */
export const maxAttempts = 10

/** Seconds until the next attempt: 3, 7, 20, 55, … up to six hours. */
export function backOffMs(attempt: number): number {
  return Math.round(1000 * Math.exp(Math.min(10, attempt)))
}

/** The longest that one job may take. */
export const longestJobMs = 10 * 60_000

/**
 * Work that is done outside the request that asked for it. A job is added in the transaction of its act, so there is one
 * exactly when the act is recorded; it runs at least once, on one of the processes that run jobs.
 */
export class Jobs {
  readonly #acts: Acts
  readonly #clock: Clock
  readonly #queue: () => Promise<JobQueue>

  constructor(acts: Acts, clock: Clock, queue: () => Promise<JobQueue>) {
    this.#acts = acts
    this.#clock = clock
    this.#queue = queue
  }

  /** Must have ended before {@link addIn} is called. Repeated calls cost nothing. */
  async prepare(): Promise<void> {
    await this.#queue()
  }

  async add(name: string, payload: JobPayload, options: JobOptions = {}): Promise<void> {
    await this.prepare()
    await this.#acts.act(({ tx }) => this.addIn(tx, name, payload, options))
  }

  /** The same inside a transaction: the job exists when, and only when, that is committed. */
  async addIn(
    tx: LedgerTransaction,
    name: string,
    payload: JobPayload,
    options: JobOptions = {},
  ): Promise<void> {
    const queue = await this.#queue()
    await queue.add(tx, { name, payload, now: this.#clock.now(), ...options })
  }

  /** Runs the jobs that have a handler, here, until it is stopped. */
  async run(options: RunOptions): Promise<RunningJobs> {
    const { handlers, every = {} } = options
    const queue = await this.#queue()
    const running = await queue.run(
      Object.fromEntries(
        Object.entries(handlers).map(([name, handler]) => [
          name,
          this.#guarded(name, handler, options),
        ]),
      ),
    )
    const stopped = new AbortController()
    const tickers = Object.entries(every).map(([name, periodMs]) =>
      this.#repeat(name, periodMs, options, stopped.signal),
    )
    return {
      stop: async () => {
        stopped.abort(interruption(undefined))
        await running.stop()
        await Promise.all(tickers)
      },
    }
  }

  #guarded(name: string, handler: JobHandler, { onFailure }: RunOptions): QueuedHandler {
    return async (payload, attempt) => {
      const deadline = { clock: this.#clock, ms: longestJobMs, what: `job ${name}` }
      try {
        await withDeadline(deadline, (signal) => handler(payload, signal))
      } catch (error) {
        onFailure?.({ name, attempt, isLast: attempt >= maxAttempts, error })
        throw error
      }
    }
  }

  /** A database that is away is asked again a period later. */
  async #repeat(
    name: string,
    periodMs: number,
    { onFailure }: RunOptions,
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.add(name, {}, { key: name })
      } catch (error) {
        if (!isKeylineError(error)) throw error
        onFailure?.({ name, attempt: 0, isLast: false, error })
      }
      await this.#clock.sleep(periodMs, signal).catch(() => undefined)
    }
  }
}
