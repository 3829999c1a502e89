import type { Clock, Random, Secret } from '@keyline/bytes'
import type { Kysely } from 'kysely'
import type { AuditHead } from './audit/record.ts'
import type { Database } from './database/database.ts'
import { migrate } from './database/migrate.ts'
import type { Tables } from './database/schema.ts'
import { LedgerError, type LedgerErrorCode } from './errors.ts'
import type { UnitSecrets, VerdictRecord, WorkOrder } from './records/index.ts'
import { Actor, type Act } from './store/act.ts'
import { auditHead, auditLine, auditPage, checkHead } from './store/audit-log.ts'
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
  findIssued,
  isKeyKnown,
  noteTakenKey,
  recordCertificate,
  voidCertificate,
  type CertificateRecord,
  type IssuanceAnswer,
  type IssuanceEntry,
} from './store/certificates.ts'
import {
  closeOrder,
  createOrder,
  findOrder,
  findPool,
  recordedOrder,
  type OrderStatus,
  type SerialPool,
} from './store/orders.ts'
import { reportOf, reportOfRow, type UnitReport } from './store/report.ts'
import { checkStoreKey, findSetting, putSetting } from './store/settings.ts'
import {
  bindUnit,
  boardTaken,
  decideUnit,
  findSerialNumber,
  reserveUnit,
  undecidedUnits,
  unitRow,
  unitRowsOf,
  unitsLeft,
  type ReservedUnit,
} from './store/units.ts'
import { Vault } from './store/vault.ts'

export type LedgerLocation =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'postgres'; readonly url: string }

export interface LedgerOptions {
  readonly database: LedgerLocation
  /** 32 octets that seal the identity secrets and settings. Stays with the caller. */
  readonly storeKey: Secret
  readonly clock: Clock
  readonly random: Random
  /** Who acts: stands in every audit record. */
  readonly actor: string
}

/**
 * Opens the system of record, and brings its schema forward.
 * @throws LedgerError `LEDGER_UNAVAILABLE`, `LEDGER_DRIVER`, `LEDGER_SCHEMA`, `LEDGER_STORE_KEY`, `LEDGER_DAMAGED`
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const vault = new Vault(options.storeKey, options.random)
  const { clock, actor } = options
  return clock.during(async () => {
    const database = await openDatabase(options.database)
    try {
      await migrate(database, clock.now())
      const acts = new Actor({ database, clock, actor })
      await acts.act((act) => checkStoreKey(act, vault, database.place))
      return new Ledger({ database, vault, acts, clock, random: options.random })
    } catch (error) {
      await database.kysely.destroy()
      throw error
    }
  })
}

/** Only the driver of the database that is used gets loaded. */
async function openDatabase(location: LedgerLocation): Promise<Database> {
  if (location.kind === 'sqlite') {
    const { openSqlite } = await import('./database/sqlite.ts')
    return openSqlite(location.file)
  }
  const { openPostgres } = await import('./database/postgres.ts')
  return openPostgres(location.url)
}

interface LedgerParts {
  readonly database: Database
  readonly vault: Vault
  readonly acts: Actor
  readonly clock: Clock
  readonly random: Random
}

/** The system of record. Every method is one transaction, with its audit record in it. */
export class Ledger {
  readonly #database: Database
  readonly #vault: Vault
  readonly #actor: Actor
  readonly #clock: Clock
  readonly #random: Random
  #closed = false

  /** Made by {@link openLedger}. */
  constructor(parts: LedgerParts) {
    this.#database = parts.database
    this.#vault = parts.vault
    this.#actor = parts.acts
    this.#clock = parts.clock
    this.#random = parts.random
  }

  /** Records an order; the same order again changes nothing. Returns whether it is new. @throws LedgerError `LEDGER_ORDER_DIFFERS`, `LEDGER_SERIAL_PATTERN` */
  createOrder(order: WorkOrder): Promise<boolean> {
    return this.#act((act) => createOrder(act, order))
  }

  /** Ends an order: no unit and no certificate comes from it any more. */
  closeOrder(orderId: string): Promise<void> {
    return this.#act((act) => closeOrder(act, orderId))
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
    const reservation = { orderId, secrets, vault: this.#vault, random: this.#random }
    return this.#act((act) => reserveUnit(act, reservation))
  }

  /** Units that the order still misses: its quantity less those that are open or made. */
  remaining(orderId: string): Promise<number> {
    return this.#read((db) => unitsLeft(db, orderId))
  }

  /** The order as it was recorded. */
  workOrder(orderId: string): Promise<WorkOrder | undefined> {
    return this.#read((db) => recordedOrder(db, orderId))
  }

  /** Units of the order without a final verdict, by sequence, for the station that goes on with them. */
  undecided(orderId: string): Promise<readonly ReservedUnit[]> {
    return this.#read((db) => undecidedUnits(db, orderId, this.#vault))
  }

  /**
   * Binds the unit to the board with this UID. The same board again changes nothing, unless `isFirst` asks to be the
   * only one to bind it.
   * @throws LedgerError `LEDGER_BOARD_TAKEN`, `LEDGER_UNIT_BOUND`, `LEDGER_UNIT_DECIDED`
   */
  async bind(
    unitId: string,
    boardUid: string,
    options: { readonly isFirst?: boolean } = {},
  ): Promise<void> {
    const { isFirst = false } = options
    try {
      await this.#act((act) => bindUnit(act, unitId, boardUid, isFirst))
    } catch (error) {
      if (!isRefusal(error, 'LEDGER_BOARD_TAKEN')) throw error
      throw await this.#read((db) => boardTaken(db, boardUid, error))
    }
  }

  /** Records the verdict; the same one again changes nothing, and only QUARANTINE may be followed by another. @throws LedgerError `LEDGER_VERDICT_DIFFERS` */
  decide(unitId: string, record: VerdictRecord): Promise<void> {
    return this.#act((act) => decideUnit(act, unitId, record))
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
      const secrets = this.#vault.openUnit(unitId, row)
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

  /** Serial number of a unit; `undefined` when there is no such unit. */
  unitSerialNumber(unitId: string): Promise<string | undefined> {
    return this.#read((db) => findSerialNumber(db, unitId))
  }

  /** What was answered to this idempotency key. */
  issued(
    idempotencyKey: string,
  ): Promise<{ readonly requestHash: string; readonly certificate: Uint8Array } | undefined> {
    return this.#read((db) => findIssued(db, idempotencyKey))
  }

  /** Whether a certificate, live or void, has the public key with this SHA-256 of its SPKI. */
  isKeyKnown(spkiSha256: string): Promise<boolean> {
    return this.#read((db) => isKeyKnown(db, spkiSha256))
  }

  /** Refuses to start issuing while the clock is wrong. @throws LedgerError `LEDGER_CLOCK` */
  checkClock(): Promise<void> {
    return this.#read((db) => checkIssuingTime(db, this.#clock.now()))
  }

  /**
   * Records a signed certificate; nothing may leave the issuer before this returns. Idempotency, quota,
   * uniqueness, certificate and audit record are one transaction.
   * @throws LedgerError `LEDGER_QUOTA`, `LEDGER_KEY_TAKEN`, `LEDGER_IDEMPOTENCY`, `LEDGER_CLOCK`,
   * `LEDGER_CERTIFICATE_SERIAL_TAKEN`, `LEDGER_ORDER_CLOSED`, `LEDGER_UNIT_DECIDED`
   */
  async record(entry: IssuanceEntry): Promise<IssuanceAnswer> {
    try {
      return await this.#act((act) => recordCertificate(act, entry))
    } catch (error) {
      if (isRefusal(error, 'LEDGER_KEY_TAKEN')) await this.#act((act) => noteTakenKey(act, entry))
      throw error
    }
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
    return this.#read((db) => findSetting(db, name, this.#vault))
  }

  /** Seals a value under a name; an earlier one is replaced. */
  setSetting(name: string, value: Secret): Promise<void> {
    return this.#act((act) => putSetting(act, name, value, this.#vault))
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
    let after = 0
    while (after < head.seq) {
      const rows = await this.#read((db) => auditPage(db, after, head.seq))
      if (rows.length === 0) break
      for (const row of rows) {
        await write(auditLine(row))
        after = row.seq
      }
    }
    return head
  }

  /** Closing again changes nothing. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#clock.during(() => this.#database.kysely.destroy())
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
    if (!this.#closed) return
    throw new LedgerError('LEDGER_CLOSED', `the ledger ${this.#database.place} is closed`)
  }
}

function isRefusal(error: unknown, code: LedgerErrorCode): boolean {
  return error instanceof LedgerError && error.code === code
}
