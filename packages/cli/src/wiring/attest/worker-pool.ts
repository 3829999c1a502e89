import { startTimer, type Clock } from '@keyline/bytes'
import { CliError } from '../../errors.ts'

/** What a worker says once it listens. */
export interface WorkerReport {
  readonly port: number
  readonly keyId: string
}

/** One process that serves, as the pool sees it. */
export interface Worker {
  readonly pid: number
  /** Settles when it listens; never when it ends before. */
  readonly listening: Promise<WorkerReport>
  /** Settles when it has ended. */
  readonly ended: Promise<number | null>
  /** Asks it to end in good order. */
  stop(): void
  kill(): void
}

export interface WorkerPoolOptions {
  readonly count: number
  readonly fork: () => Worker
  readonly clock: Clock
  readonly tell: (what: string, facts: Readonly<Record<string, string | number>>) => void
  /** How long a worker may take to end in good order. */
  readonly stopMs: number
}

const firstDelayMs = 250
const mostDelayMs = 30_000
/** A worker that lived so long ended for a reason of its own, not for one of its start. */
const settledMs = 60_000

/** Keeps a number of workers at work: one that ends is replaced, ever later while its successors end at once. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions
  readonly #workers = new Set<Worker>()
  readonly #cancelled = new Set<() => void>()
  #failures = 0
  #isStopping = false

  private constructor(options: WorkerPoolOptions) {
    this.#options = options
  }

  /** Workers that are at work. */
  get size(): number {
    return this.#workers.size
  }

  /**
   * Starts all workers.
   * @returns what the first of them said @throws CliError `CLI_VERIFIER_WORKER` when one ends before it serves
   */
  static async start(
    options: WorkerPoolOptions,
  ): Promise<{ readonly pool: WorkerPool; readonly report: WorkerReport }> {
    const pool = new WorkerPool(options)
    const first = Array.from({ length: options.count }, () => pool.#add())
    const reports = first.map(async (worker) => {
      const report = await Promise.race([worker.listening, worker.ended])
      if (report !== null && typeof report === 'object') return report
      const how = report === null ? 'was killed' : `ended with ${report}`
      throw new CliError('CLI_VERIFIER_WORKER', `worker ${worker.pid} ${how} before it served`)
    })
    try {
      const [report] = await Promise.all(reports)
      if (report === undefined) throw new TypeError('a pool has at least one worker')
      for (const worker of first) void pool.#keep(worker)
      return { pool, report }
    } catch (error) {
      await pool.stop()
      throw error
    }
  }

  /** Asks all workers to end, and ends those that take too long. */
  async stop(): Promise<void> {
    this.#isStopping = true
    for (const cancel of this.#cancelled) cancel()
    this.#cancelled.clear()
    const { clock, stopMs, tell } = this.#options
    const left = [...this.#workers]
    for (const worker of left) worker.stop()
    const cancel = startTimer(clock, stopMs, () => {
      for (const worker of this.#workers) {
        tell('a worker did not end in time and is killed', { pid: worker.pid })
        worker.kill()
      }
    })
    await Promise.all(left.map(({ ended }) => ended))
    cancel()
  }

  #add(): Worker {
    const worker = this.#options.fork()
    this.#workers.add(worker)
    void worker.ended.then(() => this.#workers.delete(worker))
    return worker
  }

  /** Replaces the worker when it ends. */
  async #keep(worker: Worker): Promise<void> {
    const { clock, tell } = this.#options
    const since = clock.monotonicMs()
    const code = await worker.ended
    if (this.#isStopping) return
    const lived = clock.monotonicMs() - since
    this.#failures = lived >= settledMs ? 0 : this.#failures + 1
    const delayMs = Math.min(mostDelayMs, firstDelayMs * 2 ** Math.max(0, this.#failures - 1))
    const ended = code === null ? 'killed' : `code ${code}`
    tell('a worker has ended and is replaced', { pid: worker.pid, ended, delayMs })
    const cancel = startTimer(clock, delayMs, () => {
      this.#cancelled.delete(cancel)
      if (!this.#isStopping) void this.#keep(this.#add())
    })
    this.#cancelled.add(cancel)
  }
}
