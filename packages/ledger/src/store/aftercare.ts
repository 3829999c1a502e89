import type { Unit, UnitSecrets, VerdictRecord } from '../records/index.ts'
import type { Act } from './act.ts'
import type { Acts } from './acts.ts'
import { voidCertificate } from './certificates.ts'
import { crlBuildJob } from './crl.ts'
import type { Jobs } from './jobs.ts'
import { revokeCertificate } from './revocations.ts'
import { closeRework, openRework, type ReworkOrder } from './rework.ts'
import { scrapUnit, type ScrapOrder, type ScrapRecord } from './scrap.ts'
import { unitRow } from './units.ts'
import type { Vault } from './vault.ts'
import { decideUnit } from './verdicts.ts'

/** Why a certificate of an earlier making of a unit is revoked. */
type EndReason = 'superseded' | 'cessationOfOperation'

interface EndedCertificates {
  readonly unitId: string
  readonly certificates: readonly string[]
  readonly reason: EndReason
}

export interface NewRework extends Omit<ReworkOrder, 'maxAttempts' | 'secrets'> {
  /** 3 unless given. */
  readonly maxAttempts?: number | undefined
  /** Draws the new identity secrets; the old ones stay unless given. */
  readonly draw?: (() => Promise<UnitSecrets>) | undefined
}

/** A label on its way to a printer. */
export interface PrintedLabel {
  readonly unitId: string
  readonly isReprint: boolean
  /** True where the unit has not proven what its label says. */
  readonly isForced: boolean
  readonly reason?: string | undefined
  readonly approvedBy?: string | undefined
}

/** Most reworks of a unit, unless a person allows more. */
export const defaultMaxAttempts = 3

/** What becomes of a unit after its verdict. Each act is one transaction, with the revocations that belong to it. */
export class Aftercare {
  readonly #acts: Acts
  readonly #jobs: Jobs
  readonly #vault: Vault

  constructor(acts: Acts, jobs: Jobs, vault: Vault) {
    this.#acts = acts
    this.#jobs = jobs
    this.#vault = vault
  }

  /**
   * Opens a unit with a verdict again, to be made under its serial number: PASS, FAIL, ERROR or QUARANTINE. Its next PASS
   * revokes the certificate from before as superseded when the key is a new one; FAIL and ERROR revoke it for good.
   * @throws LedgerError `LEDGER_UNIT_UNKNOWN`, `LEDGER_UNIT_OPEN`, `LEDGER_UNIT_SCRAPPED`, `LEDGER_REWORK_OPEN`,
   * `LEDGER_REWORK_LIMIT`, `LEDGER_QUOTA`, `LEDGER_ORDER_CLOSED`, `LEDGER_UNIT_IN_BATCH`, `LEDGER_UNIT_REMOTE`,
   * `LEDGER_BOARD_TAKEN`
   */
  async rework({ draw, maxAttempts = defaultMaxAttempts, ...order }: NewRework): Promise<Unit> {
    const secrets = await draw?.()
    const sealed = secrets && this.#vault.sealUnit(order.unitId, secrets)
    return this.#acts.act((act) => openRework(act, { ...order, maxAttempts }, sealed))
  }

  /**
   * Gives a unit up for ever: its certificates are revoked, its secrets wiped, its serial number stays taken.
   * @throws LedgerError `LEDGER_UNIT_UNKNOWN`, `LEDGER_UNIT_OPEN`, `LEDGER_UNIT_SCRAPPED`, `LEDGER_SCRAP_RETURN`,
   * `LEDGER_UNIT_IN_BATCH`, `LEDGER_UNIT_REMOTE`
   */
  async scrap(order: ScrapOrder): Promise<ScrapRecord> {
    await this.#jobs.prepare()
    return this.#acts.act(async (act) => {
      const { record, revoke } = await scrapUnit(act, order)
      await this.#revokeAll(act, {
        unitId: order.unitId,
        certificates: revoke,
        reason: 'cessationOfOperation',
      })
      return record
    })
  }

  /** Writes down that a label of a unit is printed, before it is: every reprint is on record. */
  async notePrinted({ unitId, ...facts }: PrintedLabel): Promise<void> {
    await this.#acts.act(async ({ tx, note }) => {
      const { attempt } = await unitRow(tx, unitId)
      const { reason, approvedBy } = facts
      await note('label.printed', {
        unit: unitId,
        attempt,
        reprint: facts.isReprint,
        forced: facts.isForced,
        ...(reason === undefined ? {} : { reason }),
        ...(approvedBy === undefined ? {} : { approvedBy }),
      })
    })
  }

  /** Records a verdict, and what follows from it for a certificate of an earlier making. */
  async decide(unitId: string, record: VerdictRecord): Promise<void> {
    const { attempt } = await this.#acts.read((db) => unitRow(db, unitId))
    if (attempt > 1) await this.#jobs.prepare()
    await this.#acts.act(async (act) => {
      const { verdict } = record
      const ended = await decideUnit(act, unitId, record)
      if (ended === undefined || ended === 1) return
      const replaced = await closeRework(act, unitId, verdict)
      if (replaced === undefined) return
      const reason = verdict === 'PASS' ? 'superseded' : 'cessationOfOperation'
      await this.#revokeAll(act, { unitId, certificates: [replaced], reason })
    })
  }

  async #revokeAll(act: Act, { unitId, certificates, reason }: EndedCertificates): Promise<void> {
    for (const certificateSha256 of certificates) {
      await voidCertificate(act, unitId, certificateSha256, `revoked: ${reason}`)
      const { revocation, isNew } = await revokeCertificate(act, { certificateSha256, reason })
      if (!isNew) continue
      const { issuerKeyId } = revocation
      const options = { key: `${crlBuildJob}:${issuerKeyId}` }
      await this.#jobs.addIn(act.tx, crlBuildJob, { issuerKeyId }, options)
    }
  }
}
