import { describeError, isKeylineError, toHex, type Clock } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { RecalledDac } from '@keyline/issuer/client'
import type { Ledger } from '@keyline/ledger'
import type { JournalRecord } from '@keyline/ledger/records'
import type { Issuer, Journal } from '@keyline/station'
import { parseCertificate } from '@keyline/x509'
import type { Revoke } from './issuer-revoke.ts'

/** Asks the issuer what it has answered to a request of this station; nothing when it has issued nothing. */
export type Recall = (idempotencyKey: string) => Promise<RecalledDac | undefined>

/** A request for a certificate without an answer that is written down. */
interface Unanswered {
  readonly run: string
  readonly unit: string
  readonly idempotencyKey: string
  /** Milliseconds since 1970. */
  readonly askedAt: number
  /** An earlier run was about to give the certificate back. */
  readonly isReturning: boolean
}

export interface UnansweredOptions {
  readonly orderId: string
  /** Name of this run, once it has begun. */
  readonly run: () => string
  /** What the journal held before this run. */
  readonly records: readonly JournalRecord[]
  readonly journal: Journal
  readonly ledger: Ledger
  readonly clock: Clock
  readonly recall: Recall
  readonly revoke: Revoke
  readonly onWarning: (text: string) => void
}

/** A request that was on its way when the station died may still be in work for so long. */
const inWorkMs = 60_000

const lostReason = 'the answer of the issuer was lost; the key is lost'

/**
 * Requests whose answers were lost, with a crash or on the way: the issuer may have a certificate for each that no
 * board can have, since only what stands in the ledger of the station goes to one. Each such certificate is recorded as
 * void and revoked, as in process, where ledger and issuer are one.
 */
export class UnansweredRequests {
  readonly #options: UnansweredOptions
  readonly #open: Map<string, Unanswered>

  constructor(options: UnansweredOptions) {
    this.#options = options
    this.#open = unansweredIn(options.records, options.orderId)
  }

  /** The issuer, each of whose requests is open until its answer is recorded. */
  watch(issuer: Issuer): Issuer {
    return {
      issue: async (request, options) => {
        const { unitId: unit, idempotencyKey } = request
        const { run, clock } = this.#options
        const about = { run: run(), unit, idempotencyKey, askedAt: clock.now() }
        this.#open.set(idempotencyKey, { ...about, isReturning: false })
        const issued = await issuer.issue(request, options)
        this.#open.delete(idempotencyKey)
        return issued
      },
    }
  }

  /** Asks for every open request. What the issuer does not tell now, it is asked in the next run. */
  async settle(): Promise<void> {
    for (const request of this.#open.values()) {
      try {
        if (await this.#isSettled(request)) this.#open.delete(request.idempotencyKey)
      } catch (error) {
        const what = `what became of ${this.#open.size} request(s) for a certificate is not known yet`
        this.#options.onWarning(`${what}: ${describeError(error)}`)
        return
      }
    }
  }

  async #isSettled(request: Unanswered): Promise<boolean> {
    const { ledger, clock, recall } = this.#options
    const known = await clock.during(() => ledger.issued(request.idempotencyKey))
    if (known !== undefined) {
      if (request.isReturning) await this.#giveBack(request, toHex(sha256(known.certificate)))
      return true
    }
    const found = await recall(request.idempotencyKey)
    if (found !== undefined) await this.#return(request, found)
    else if (clock.now() - request.askedAt < inWorkMs) return false
    else await this.#note('outcome', request, 'none')
    return true
  }

  async #return(request: Unanswered, found: RecalledDac): Promise<void> {
    const { ledger, clock, onWarning } = this.#options
    const { unit } = request
    const elsewhere = await clock.during(() => ledger.certificate(found.sha256))
    if (elsewhere !== undefined) {
      onWarning(`the issuer answers for unit ${unit} with ${found.sha256} of ${elsewhere.unitId}`)
      return
    }
    await this.#note('intent', request, found.sha256)
    this.#open.set(request.idempotencyKey, { ...request, isReturning: true })
    const isRecorded = await this.#record(request, found)
    await this.#giveBack(request, found.sha256, isRecorded)
  }

  /** False when the unit has its verdict, or the order its last certificate. */
  async #record(request: Unanswered, found: RecalledDac): Promise<boolean> {
    const { ledger, clock, orderId } = this.#options
    const dac = parseCertificate(found.certificate)
    const { unit: unitId, idempotencyKey } = request
    const { requestHash, certificate, issuerKeyId } = found
    try {
      await clock.during(() =>
        ledger.record({
          orderId,
          unitId,
          idempotencyKey,
          requestHash,
          spkiSha256: toHex(sha256(dac.spki.der)),
          issuerKeyId,
          serialNumber: toHex(dac.serialNumber),
          certificate,
        }),
      )
      return true
    } catch (error) {
      if (isKeylineError(error) && error.fault !== 'infrastructure') return false
      throw error
    }
  }

  async #giveBack(request: Unanswered, certificate: string, isRecorded = true): Promise<void> {
    const { ledger, clock, revoke, onWarning } = this.#options
    const { unit } = request
    if (isRecorded) {
      await clock.during(() => ledger.voidCertificate(unit, certificate, lostReason))
    }
    await revoke(certificate, isRecorded ? 'superseded' : 'cessationOfOperation')
    await this.#note('outcome', request, certificate)
    const count = 'it counts as one of the order'
    onWarning(
      `the issuer had certificate ${certificate} for unit ${unit}, whose answer was lost: it is revoked, and ${count}`,
    )
  }

  #note(
    type: 'intent' | 'outcome',
    { run, unit, idempotencyKey }: Unanswered,
    certificate: string,
  ): Promise<void> {
    const { journal, orderId: order } = this.#options
    const data = { idempotencyKey, certificate }
    return journal.append({ type, step: 'recall', run, order, unit, data })
  }
}

/** An outcome closes the newest request of its unit: one request at a time is in work for each. */
function unansweredIn(records: readonly JournalRecord[], orderId: string): Map<string, Unanswered> {
  const open = new Map<string, Unanswered>()
  for (const { type, step, order, run, unit = '', time, data } of records) {
    if (order !== orderId) continue
    const idempotencyKey = String(data['idempotencyKey'] ?? '')
    if (step === 'issue' && type === 'intent') {
      const askedAt = Date.parse(time)
      open.set(idempotencyKey, { run, unit, idempotencyKey, askedAt, isReturning: false })
    } else if (step === 'issue' && type === 'outcome') {
      const newest = [...open.values()].findLast((request) => request.unit === unit)
      if (newest !== undefined) open.delete(newest.idempotencyKey)
    } else if (step === 'recall') {
      const request = open.get(idempotencyKey)
      if (type === 'outcome') open.delete(idempotencyKey)
      else if (request !== undefined) open.set(idempotencyKey, { ...request, isReturning: true })
    }
  }
  return open
}
