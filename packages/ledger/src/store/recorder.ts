import { isKeylineError } from '@keyline/bytes'
import { LedgerError } from '../errors.ts'
import type { Actor } from './act.ts'
import { Gather, type Outcome } from './gather.ts'
import {
  answerOf,
  noteTakenKey,
  recordCertificates,
  type IssuanceAnswer,
  type IssuanceEntry,
  type IssuanceJob,
} from './issuance.ts'
import { findTraces } from './prospects.ts'
import { endVoidUnit } from './remote-units.ts'
import { boardTaken } from './units.ts'

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
      return { ok: true, answer: await this.#recordAlone(job) }
    } catch (error) {
      const recorded = await this.#recordedMeanwhile(job, error)
      if (recorded !== undefined) return recorded
      if (codeOf(error) === 'LEDGER_KEY_TAKEN') await this.#noteTakenKey(job)
      return { ok: false, error }
    }
  }

  /**
   * A refusal may be the work of the same request in another process: it was recorded while this one waited for the row
   * of the order, perhaps as the last certificate.
   */
  async #recordedMeanwhile(
    { entry }: IssuanceJob,
    refusal: unknown,
  ): Promise<Outcome<IssuanceAnswer> | undefined> {
    if (!(refusal instanceof LedgerError) || refusal.fault === 'infrastructure') return undefined
    try {
      const [trace] = await this.#actor.read((db) => findTraces(db, [entry]))
      if (trace?.issued === undefined) return undefined
      return { ok: true, answer: answerOf(entry, trace.issued) }
    } catch (error) {
      return { ok: false, error }
    }
  }

  async #recordAlone(job: IssuanceJob): Promise<IssuanceAnswer> {
    const boardUid = job.entry.identity?.boardUid
    try {
      return only(await this.#act([job]))
    } catch (error) {
      if (boardUid === undefined || codeOf(error) !== 'LEDGER_BOARD_TAKEN') throw error
      return await this.#recordForBoard(job, boardUid, error)
    }
  }

  /** A board that was begun anew is free once the certificates of its earlier unit are void. */
  #recordForBoard(job: IssuanceJob, boardUid: string, refusal: unknown): Promise<IssuanceAnswer> {
    return this.#actor.as(job.actor).act(async (act) => {
      const isFree = await endVoidUnit(act, boardUid)
      if (!isFree) throw await boardTaken(act.tx, boardUid, refusal)
      return only(await recordCertificates(act, [job]))
    })
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
      if (codeOf(error) !== 'LEDGER_UNAVAILABLE') throw error
      return await record()
    }
  }

  async #noteTakenKey({ entry, actor }: IssuanceJob): Promise<void> {
    await this.#actor.as(actor).act((act) => noteTakenKey(act, entry))
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof LedgerError ? error.code : undefined
}

function only(answers: readonly IssuanceAnswer[]): IssuanceAnswer {
  const [answer] = answers
  if (answer === undefined) throw new RangeError('a recorded certificate has no answer')
  return answer
}

/** True for what one job cannot have caused: the database is busy, full or away, or the clock is wrong. */
function isOfAll(error: unknown): boolean {
  if (!isKeylineError(error) || error.fault !== 'infrastructure') return false
  return error.code !== 'LEDGER_CERTIFICATE_SERIAL_TAKEN' && error.code !== 'LEDGER_DATABASE'
}
