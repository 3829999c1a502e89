import { isKeylineError } from '@keyline/bytes'
import { LedgerError } from '../errors.ts'
import type { Actor } from './act.ts'
import { Gather, type Outcome } from './gather.ts'
import {
  noteTakenKey,
  recordCertificates,
  type IssuanceAnswer,
  type IssuanceEntry,
  type IssuanceJob,
} from './issuance.ts'

/**
 * Records certificates: those that arrive together share one transaction and one sync. One that is refused falls out
 * alone, since then each has a transaction of its own.
 */
export class Recorder {
  readonly #actor: Actor
  readonly #gather: Gather<IssuanceJob, IssuanceAnswer>

  constructor(actor: Actor) {
    this.#actor = actor
    this.#gather = new Gather({
      run: (jobs) => this.#run(jobs),
      keyOf: ({ entry }) => entry.idempotencyKey,
    })
  }

  record(entry: IssuanceEntry, actor: string): Promise<IssuanceAnswer> {
    return this.#gather.add({ entry, actor })
  }

  async #run(jobs: readonly IssuanceJob[]): Promise<readonly Outcome<IssuanceAnswer>[]> {
    if (jobs.length > 1) {
      try {
        const answers = await this.#act(jobs)
        return answers.map((answer) => ({ ok: true, answer }))
      } catch (error) {
        if (isOfAll(error)) throw error
      }
    }
    const outcomes: Outcome<IssuanceAnswer>[] = []
    for (const job of jobs) outcomes.push(await this.#runAlone(job))
    return outcomes
  }

  async #runAlone(job: IssuanceJob): Promise<Outcome<IssuanceAnswer>> {
    try {
      const [answer] = await this.#act([job])
      if (answer === undefined) throw new RangeError('a recorded certificate has no answer')
      return { ok: true, answer }
    } catch (error) {
      const isTaken = error instanceof LedgerError && error.code === 'LEDGER_KEY_TAKEN'
      if (isTaken) await this.#noteTakenKey(job)
      return { ok: false, error }
    }
  }

  /**
   * When the connection broke, nobody knows whether the commit was done; asked once more, the ledger either records or
   * finds what it has recorded.
   */
  async #act(jobs: readonly IssuanceJob[]): Promise<readonly IssuanceAnswer[]> {
    const options = { isConstraintFinal: jobs.length > 1 }
    const record = (): Promise<readonly IssuanceAnswer[]> =>
      this.#actor.act((act) => recordCertificates(act, jobs), options)
    try {
      return await record()
    } catch (error) {
      if (!(error instanceof LedgerError && error.code === 'LEDGER_UNAVAILABLE')) throw error
      return await record()
    }
  }

  async #noteTakenKey({ entry, actor }: IssuanceJob): Promise<void> {
    await this.#actor.as(actor).act((act) => noteTakenKey(act, entry))
  }
}

/** True for what one job cannot have caused: the database is busy, full or away, or the clock is wrong. */
function isOfAll(error: unknown): boolean {
  if (!isKeylineError(error) || error.fault !== 'infrastructure') return false
  return error.code !== 'LEDGER_CERTIFICATE_SERIAL_TAKEN' && error.code !== 'LEDGER_DATABASE'
}
