import { LedgerError } from '../errors.ts'

/** What became of one of several jobs that were done together. */
export type Outcome<Answer> =
  | { readonly ok: true; readonly answer: Answer }
  | { readonly ok: false; readonly error: unknown }

export interface GatherOptions<Job, Answer> {
  /** Does jobs together, and gives the outcome of each, in their order. What it throws is the outcome of all. */
  readonly run: (jobs: readonly Job[]) => Promise<readonly Outcome<Answer>[]>
  /** Jobs of one key are not done together: the later one finds what the earlier one left. */
  readonly keyOf?: ((job: Job) => string) | undefined
  /** Most jobs of one group; 64 unless given. */
  readonly most?: number | undefined
}

interface Waiting<Job, Answer> {
  readonly job: Job
  readonly settle: (outcome: Outcome<Answer>) => void
}

const usualMost = 64
const mostWaiting = 4096

/**
 * Does together what arrives together. A group is what came while the one before was at work; a job that finds nobody
 * at work starts when the event loop has handed out what is ready, and waits for nothing else.
 */
export class Gather<Job, Answer> {
  readonly #options: GatherOptions<Job, Answer>
  readonly #waiting: Waiting<Job, Answer>[] = []
  #isAtWork = false

  constructor(options: GatherOptions<Job, Answer>) {
    this.#options = options
  }

  /** @throws LedgerError `LEDGER_BUSY` when thousands wait already */
  add(job: Job): Promise<Answer> {
    if (this.#waiting.length >= mostWaiting) {
      const message = `${mostWaiting} requests wait for the database already`
      return Promise.reject(new LedgerError('LEDGER_BUSY', message))
    }
    return new Promise((resolve, reject) => {
      const settle = (outcome: Outcome<Answer>): void => {
        if (outcome.ok) resolve(outcome.answer)
        else reject(outcome.error)
      }
      this.#waiting.push({ job, settle })
      if (this.#isAtWork) return
      this.#isAtWork = true
      this.#goOn()
    })
  }

  #goOn(): void {
    setImmediate(() => void this.#runGroup())
  }

  async #runGroup(): Promise<void> {
    const group = this.#takeGroup()
    const outcomes = await this.#outcomesOf(group.map(({ job }) => job))
    for (const [place, { settle }] of group.entries()) {
      settle(outcomes[place] ?? { ok: false, error: new RangeError(`no outcome for job ${place}`) })
    }
    this.#isAtWork = this.#waiting.length > 0
    if (this.#isAtWork) this.#goOn()
  }

  async #outcomesOf(jobs: readonly Job[]): Promise<readonly Outcome<Answer>[]> {
    try {
      return await this.#options.run(jobs)
    } catch (error) {
      return jobs.map(() => ({ ok: false, error }))
    }
  }

  /** The first ones, up to the first whose key is among them. */
  #takeGroup(): readonly Waiting<Job, Answer>[] {
    const { keyOf, most = usualMost } = this.#options
    if (keyOf === undefined) return this.#waiting.splice(0, most)
    const keys = new Set<string>()
    let count = 0
    for (const { job } of this.#waiting) {
      const key = keyOf(job)
      if (count === most || keys.has(key)) break
      keys.add(key)
      count++
    }
    return this.#waiting.splice(0, count)
  }
}
