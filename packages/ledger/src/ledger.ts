import type { Secret } from '@keyline/bytes'
import { sql, type Kysely } from 'kysely'
import type { AuditHead } from './audit/record.ts'
import type { Database } from './database/database.ts'
import type { Tables } from './database/schema.ts'
import { LedgerError } from './errors.ts'
import { keepParts, type LedgerParts } from './ledger-parts.ts'
import type { AnyOrder, UnitSecrets, VerdictRecord } from './records/index.ts'
import type { Act, Actor } from './store/act.ts'
import type { Acts } from './store/acts.ts'
import { Aftercare } from './store/aftercare.ts'
import { adoptIdentity, type GivenIdentity } from './store/adopt.ts'
import { auditHead, auditLines, checkHead } from './store/audit-log.ts'
import {
  findBatch,
  noteBatchRevealed,
  openBatch,
  recordChunk,
  requireOwnSecrets,
  type Batch,
  type BatchChunk,
} from './store/batches.ts'
import {
  certificatesOf,
  checkIssuingTime,
  findCertificate,
  findHolder,
  findIssued,
  voidCertificate,
  type CertificateRecord,
} from './store/certificates.ts'
import {
  allOrders,
  closeOrder,
  createOrder,
  findOrder,
  findPool,
  pauseOrder,
  recordedOrder,
  type OrderStatus,
  type SerialPool,
} from './store/orders.ts'
import { Checkpoints } from './store/checkpoint.ts'
import { RevocationLists } from './store/crl.ts'
import type { IssuanceAnswer, IssuanceEntry } from './store/issuance.ts'
import { Jobs } from './store/jobs.ts'
import { Members } from './store/members.ts'
import type { IssuanceProspect, IssuanceQuestion, IssuedBefore } from './store/prospects.ts'
import { reportOf, reportOfRow, type UnitReport } from './store/report.ts'
import { findSetting, putSetting } from './store/settings.ts'
import {
  bindUnit,
  reserveUnit,
  undecidedUnits,
  unitRow,
  unitRowsOf,
  unitsLeft,
  type ReservedUnit,
} from './store/units.ts'

/** The system of record. Every method is one transaction, with its audit record in it. */
export class Ledger {
  readonly #parts: LedgerParts
  readonly #database: Database
  readonly #actor: Actor
  readonly #acts: Acts
  /** Who may act through a server. */
  readonly members: Members
  /** Revoked certificates, and the lists that publish them. */
  readonly revocation: RevocationLists
  /** Work outside the request that asked for it. */
  readonly jobs: Jobs
  readonly checkpoints: Checkpoints
  /** Rework and scrap. */
  readonly aftercare: Aftercare

  /** Made by `openLedger`. */
  constructor(parts: LedgerParts) {
    this.#parts = parts
    keepParts(this, parts)
    this.#database = parts.database
    this.#actor = parts.acts
    this.#acts = {
      act: (work) => this.#act(work),
      read: (work) => this.#read(work),
      now: () => this.#parts.clock.now(),
    }
    this.members = new Members(this.#acts)
    this.jobs = new Jobs(this.#acts, parts.clock, parts.queue)
    this.revocation = new RevocationLists(this.#acts, this.jobs)
    this.checkpoints = new Checkpoints(this.#acts, parts.keeper)
    this.aftercare = new Aftercare(this.#acts, this.jobs, parts.vault)
  }

  /** The same ledger for another actor, who then stands in the audit records. Only the ledger itself closes it. */
  as(actor: string): Ledger {
    return new Ledger({ ...this.#parts, acts: this.#actor.as(actor), isView: true })
  }

  /** Whether the database answers. @throws LedgerError `LEDGER_UNAVAILABLE`, `LEDGER_BUSY` */
  async ping(): Promise<void> {
    await this.#read((db) => sql`select 1`.execute(db))
  }

  /** Records an order; the same order again changes nothing. Returns whether it is new. @throws LedgerError `LEDGER_ORDER_DIFFERS`, `LEDGER_SERIAL_PATTERN` */
  createOrder(order: AnyOrder): Promise<boolean> {
    return this.#act((act) => createOrder(act, order))
  }

  /** Ends an order: no unit and no certificate comes from it any more. */
  closeOrder(orderId: string): Promise<void> {
    return this.#act((act) => closeOrder(act, orderId))
  }

  /** Lets an order stand still: no unit and no certificate comes from it until it is resumed. @throws LedgerError `LEDGER_ORDER_CLOSED` */
  pauseOrder(orderId: string): Promise<void> {
    return this.#act((act) => pauseOrder(act, orderId, 1))
  }

  /** @throws LedgerError `LEDGER_ORDER_CLOSED` */
  resumeOrder(orderId: string): Promise<void> {
    return this.#act((act) => pauseOrder(act, orderId, 0))
  }

  /** Every order, the oldest first. */
  orders(): Promise<readonly OrderStatus[]> {
    return this.#read(allOrders)
  }

  order(orderId: string): Promise<OrderStatus | undefined> {
    return this.#read((db) => findOrder(db, orderId))
  }

  serialPool(name: string): Promise<SerialPool | undefined> {
    return this.#read((db) => findPool(db, name))
  }

  /**
   * Takes the next serial number of the order's pool and records a new unit, its secrets sealed.
   * `undefined`: the quantity is reached. A number is never taken twice, whatever becomes of the unit.
   * @throws LedgerError `LEDGER_ORDER_UNKNOWN`, `LEDGER_ORDER_CLOSED`, `LEDGER_POOL_EXHAUSTED`,
   * `LEDGER_SERIAL_TAKEN`, `LEDGER_FULL`
   */
  async reserve(
    orderId: string,
    draw: () => Promise<UnitSecrets>,
  ): Promise<ReservedUnit | undefined> {
    if ((await this.remaining(orderId)) <= 0) return undefined
    this.#database.checkReserve()
    const secrets = await draw()
    const reservation = { orderId, secrets, vault: this.#parts.vault, random: this.#parts.random }
    return this.#act((act) => reserveUnit(act, reservation))
  }

  /**
   * Records the unit of an identity that was made elsewhere, once; the same identity again gives its unit back.
   * @throws LedgerError `LEDGER_UNIT_DIFFERS`, `LEDGER_UNIT_DECIDED`, `LEDGER_UNIT_SCRAPPED`, `LEDGER_QUOTA`, `LEDGER_FULL`
   */
  async adopt(orderId: string, identity: GivenIdentity): Promise<ReservedUnit> {
    this.#database.checkReserve()
    const { random, vault } = this.#parts
    return adoptIdentity(this.#acts, { ...identity, orderId, vault, random })
  }

  /** Units that the order still misses: its quantity less those that are open or made. */
  remaining(orderId: string): Promise<number> {
    return this.#read((db) => unitsLeft(db, orderId))
  }

  /** The order as it was recorded. */
  workOrder(orderId: string): Promise<AnyOrder | undefined> {
    return this.#read((db) => recordedOrder(db, orderId))
  }

  /** Units of the order without a final verdict, by sequence, for the station that goes on with them. */
  undecided(orderId: string): Promise<readonly ReservedUnit[]> {
    return this.#read((db) => undecidedUnits(db, orderId, this.#parts.vault))
  }

  /**
   * Binds the unit to the board with this UID. The same board again changes nothing, unless `isFirst` asks to be the
   * only one to bind it.
   * @throws LedgerError `LEDGER_BOARD_TAKEN`, `LEDGER_UNIT_BOUND`, `LEDGER_UNIT_DECIDED`
   */
  bind(
    unitId: string,
    boardUid: string,
    options: { readonly isFirst?: boolean } = {},
  ): Promise<void> {
    return bindUnit(this.#acts, unitId, boardUid, options.isFirst ?? false)
  }

  /** Records the verdict; the same one again changes nothing, and only QUARANTINE may be followed by another. @throws LedgerError `LEDGER_VERDICT_DIFFERS` */
  decide(unitId: string, record: VerdictRecord): Promise<void> {
    return this.aftercare.decide(unitId, record)
  }

  /** A unit by its id or serial number, with verdict and certificates, without secrets. @throws LedgerError `LEDGER_UNIT_AMBIGUOUS` */
  unit(idOrSerialNumber: string): Promise<UnitReport | undefined> {
    return this.#read((db) => reportOf(db, idOrSerialNumber))
  }

  /** Every unit of an order that was made for a board, by sequence. */
  unitsOf(orderId: string): Promise<readonly UnitReport[]> {
    return this.#read(async (db) => {
      const rows = await unitRowsOf(db, orderId)
      return Promise.all(rows.map((row) => reportOfRow(db, row)))
    })
  }

  /**
   * Opens the secrets of a unit for a person. The audit log records it before they are handed out.
   * @throws LedgerError `LEDGER_UNIT_IN_BATCH` for a generated one, whose file has them
   */
  reveal(unitId: string): Promise<UnitSecrets> {
    return this.#act(async ({ tx, note }) => {
      const row = await unitRow(tx, unitId)
      requireOwnSecrets(row)
      const secrets = this.#parts.vault.openUnit(unitId, row)
      await note('secrets.revealed', { unit: unitId })
      return secrets
    })
  }

  /**
   * Opens a batch: places, serial numbers and certificates of the order are taken for all of its units at once.
   * The same batch again changes nothing.
   * @param batch a fresh id, and how many units
   * @throws LedgerError `LEDGER_QUOTA`, `LEDGER_POOL_EXHAUSTED`, `LEDGER_ORDER_UNKNOWN`, `LEDGER_ORDER_CLOSED`,
   * `LEDGER_BATCH_DIFFERS`, `LEDGER_CLOCK`, `LEDGER_FULL`
   */
  async openBatch(batch: {
    readonly id: string
    readonly orderId: string
    readonly units: number
  }): Promise<Batch> {
    this.#database.checkReserve()
    return this.#act((act) => openBatch(act, batch))
  }

  /** How far a batch is recorded. */
  batch(id: string): Promise<Batch | undefined> {
    return this.#read((db) => findBatch(db, id))
  }

  /**
   * Records the next units of a batch with their certificates, once they stand in its file; one audit record for all.
   * The chunk that was recorded last may come again and changes nothing.
   * @throws LedgerError `LEDGER_BATCH_DIFFERS`, `LEDGER_SERIAL_TAKEN`, `LEDGER_KEY_TAKEN`, `LEDGER_ORDER_CLOSED`,
   * `LEDGER_CERTIFICATE_SERIAL_TAKEN`, `LEDGER_CLOCK`, `LEDGER_FULL`
   */
  async recordBatch(chunk: BatchChunk): Promise<void> {
    this.#database.checkReserve()
    await this.#act((act) => recordChunk(act, chunk))
  }

  /** Writes down that a person opens units of a batch, before they are handed out. @throws LedgerError `LEDGER_BATCH_UNKNOWN` */
  noteBatchRevealed(range: {
    readonly batchId: string
    readonly first: number
    readonly last: number
  }): Promise<void> {
    return this.#act((act) => noteBatchRevealed(act, range))
  }

  /** What the ledger knows about a request for a certificate. Questions that arrive together are one statement. */
  async prospect(question: IssuanceQuestion): Promise<IssuanceProspect> {
    this.#requireOpen()
    return this.#parts.clock.during(() => this.#parts.prospects.add(question))
  }

  /** What was answered to this idempotency key. */
  issued(idempotencyKey: string): Promise<IssuedBefore | undefined> {
    return this.#read((db) => findIssued(db, idempotencyKey))
  }

  /** Whether a certificate, live or void, has the public key with this SHA-256 of its SPKI. */
  isKeyKnown(spkiSha256: string): Promise<boolean> {
    return this.#read(async (db) => (await findHolder(db, spkiSha256)) !== undefined)
  }

  /** Refuses to start issuing while the clock is wrong. @throws LedgerError `LEDGER_CLOCK` */
  checkClock(): Promise<void> {
    return this.#read((db) => checkIssuingTime(db, this.#parts.clock.now()))
  }

  /**
   * Records a signed certificate; nothing may leave the issuer before this returns. Idempotency, quota, time and
   * stations of the order, uniqueness, unit, certificate and audit record are one transaction, which those that arrive
   * together share.
   * @throws LedgerError `LEDGER_QUOTA`, `LEDGER_KEY_TAKEN`, `LEDGER_IDEMPOTENCY`, `LEDGER_CLOCK`,
   * `LEDGER_CERTIFICATE_SERIAL_TAKEN`, `LEDGER_ORDER_UNKNOWN`, `LEDGER_ORDER_CLOSED`, `LEDGER_ORDER_PAUSED`,
   * `LEDGER_ORDER_WINDOW`, `LEDGER_ORDER_PAI`, `LEDGER_STATION_REFUSED`, `LEDGER_UNIT_UNKNOWN`, `LEDGER_UNIT_DECIDED`,
   * `LEDGER_UNIT_DIFFERS`, `LEDGER_UNIT_BOUND`, `LEDGER_SERIAL_TAKEN`, `LEDGER_BOARD_TAKEN`
   */
  async record(entry: IssuanceEntry): Promise<IssuanceAnswer> {
    this.#requireOpen()
    return this.#parts.clock.during(() => this.#parts.recorder.record(entry, this.#actor.actor))
  }

  /** By the SHA-256 of its DER, hexadecimal. */
  certificate(sha256: string): Promise<CertificateRecord | undefined> {
    return this.#read((db) => findCertificate(db, { sha256 }))
  }

  /** By the key identifier of its PAI and its serial number, hexadecimal. */
  certificateBySerial(
    issuerKeyId: string,
    serialNumber: string,
  ): Promise<CertificateRecord | undefined> {
    return this.#read((db) => findCertificate(db, { issuerKeyId, serialNumber }))
  }

  /** All certificates of a unit with their states, the oldest first. */
  certificateRecords(unitId: string): Promise<readonly CertificateRecord[]> {
    return this.#read((db) => certificatesOf(db, unitId))
  }

  /** The newest live certificate of a unit, DER. */
  async certificateOf(unitId: string): Promise<Uint8Array | undefined> {
    const records = await this.certificateRecords(unitId)
    return records.findLast((record) => record.state === 'live')?.certificate
  }

  /** Marks a certificate void; the reason stands in the audit log. @throws LedgerError `LEDGER_CERTIFICATE_UNKNOWN` */
  voidCertificate(unitId: string, certificateSha256: string, reason: string): Promise<void> {
    return this.#act((act) => voidCertificate(act, unitId, certificateSha256, reason))
  }

  setting(name: string): Promise<Secret | undefined> {
    return this.#read((db) => findSetting(db, name, this.#parts.vault))
  }

  /** Seals a value under a name; an earlier one is replaced. */
  setSetting(name: string, value: Secret): Promise<void> {
    return this.#act((act) => putSetting(act, name, value, this.#parts.vault))
  }

  /** Place and hash of the last audit record: what a batch manifest anchors. */
  head(): Promise<AuditHead> {
    return this.#read(auditHead)
  }

  /** Refuses a ledger that is older than what a manifest has seen. @throws LedgerError `LEDGER_RESTORED` */
  checkHead(head: AuditHead): Promise<void> {
    return this.#read((db) => checkHead(db, head))
  }

  /** Hands out the audit log up to the head of this moment, a line a record, without line feeds. Returns that head. */
  async exportAudit(write: (line: string) => Promise<void> | void): Promise<AuditHead> {
    const head = await this.head()
    for await (const line of auditLines(head, (page) => this.#read(page))) await write(line)
    return head
  }

  /** Closing again changes nothing, nor does closing a view. */
  async close(): Promise<void> {
    const { life, isView } = this.#parts
    if (isView || life.isOver) return
    life.isOver = true
    await this.#parts.keeper?.close()
    await this.#parts.clock.during(() => this.#database.kysely.destroy())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #act<T>(work: (act: Act) => Promise<T>): Promise<T> {
    this.#requireOpen()
    return this.#actor.act(work)
  }

  async #read<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    this.#requireOpen()
    return this.#actor.read(work)
  }

  #requireOpen(): void {
    if (!this.#parts.life.isOver) return
    throw new LedgerError('LEDGER_CLOSED', `the ledger ${this.#database.place} is closed`)
  }
}
