import { toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { Kysely } from 'kysely'
import type { LedgerTransaction } from '../database/database.ts'
import type { CertificateRow, Tables } from '../database/schema.ts'
import { statement, type Values } from '../database/statement.ts'
import { LedgerError } from '../errors.ts'
import type { Act } from './act.ts'
import { orderRow, requireOpen } from './orders.ts'
import { requireUndecided, unitRow } from './units.ts'

/** A signed certificate on its way into the ledger. Hashes and serial numbers are hexadecimal. */
export interface IssuanceEntry {
  readonly orderId: string
  readonly unitId: string
  readonly idempotencyKey: string
  readonly requestHash: string
  /** SHA-256 of the subject public key info, DER. */
  readonly spkiSha256: string
  /** Key identifier of the PAI. */
  readonly issuerKeyId: string
  readonly serialNumber: string
  /** X.509 DER. */
  readonly certificate: Uint8Array
}

export interface IssuanceAnswer {
  readonly certificate: Uint8Array
  /** True when an earlier call had recorded it. */
  readonly replayed: boolean
}

export interface CertificateRecord {
  readonly sha256: string
  readonly orderId: string
  readonly unitId: string
  /** Which of the order's certificates it is: 1, 2, 3, … */
  readonly quotaNumber: number
  readonly issuerKeyId: string
  readonly serialNumber: string
  readonly spkiSha256: string
  readonly certificate: Uint8Array
  readonly state: 'live' | 'void'
  readonly voidReason?: string
  /** Milliseconds since 1970. */
  readonly issuedAt: number
}

/** How far the clock may stand before the last certificate: clocks of stations differ a little. */
const clockToleranceMs = 5 * 60_000

/** No release is older; a clock before it lost its battery. */
const earliestTime = Date.UTC(2026, 0, 1)

const latestIssue = statement((db) =>
  db.selectFrom('ledger_head').select('issued_at').where('id', '=', 1),
)

/** A station whose clock is behind does not set the time back for the others. */
export const noteIssue = statement((db, { now }: Values<{ now: number }>) =>
  db
    .updateTable('ledger_head')
    .set({ issued_at: now })
    .where('id', '=', 1)
    .where('issued_at', '<', now),
)

const takeCertificate = statement((db, { orderId }: Values<{ orderId: string }>) =>
  db
    .updateTable('work_order')
    .set((eb) => ({ certificates_used: eb('certificates_used', '+', 1) }))
    .where('id', '=', orderId)
    .where('state', '=', 'open')
    .whereRef('certificates_used', '<', 'certificate_limit')
    .returning('certificates_used'),
)

const insertCertificate = statement((db, row: Values<CertificateRow>) =>
  db.insertInto('certificate').values({
    sha256: row.sha256,
    order_id: row.order_id,
    unit_id: row.unit_id,
    quota_number: row.quota_number,
    issuer_key_id: row.issuer_key_id,
    serial_number: row.serial_number,
    spki_sha256: row.spki_sha256,
    idempotency_key: row.idempotency_key,
    request_hash: row.request_hash,
    der: row.der,
    state: row.state,
    void_reason: row.void_reason,
    issued_at: row.issued_at,
  }),
)

const certificateByIdempotency = statement(
  (db, { idempotencyKey }: Values<{ idempotencyKey: string }>) =>
    db
      .selectFrom('certificate')
      .select(['request_hash', 'der'])
      .where('idempotency_key', '=', idempotencyKey),
)

const unitByKey = statement((db, { spkiSha256 }: Values<{ spkiSha256: string }>) =>
  db.selectFrom('certificate').select('unit_id').where('spki_sha256', '=', spkiSha256),
)

const certificatesByUnit = statement((db, { unitId }: Values<{ unitId: string }>) =>
  db.selectFrom('certificate').selectAll().where('unit_id', '=', unitId).orderBy('quota_number'),
)

/** @throws LedgerError `LEDGER_CLOCK` */
export async function checkIssuingTime(db: Kysely<Tables>, now: number): Promise<void> {
  const [head] = await latestIssue(db, {})
  const earliest = Math.max(earliestTime, (head?.issued_at ?? 0) - clockToleranceMs)
  if (now >= earliest) return
  throw new LedgerError(
    'LEDGER_CLOCK',
    `the clock says ${new Date(now).toISOString()}, but it must be after ${new Date(earliest).toISOString()}`,
  )
}

/**
 * Quota, uniqueness, certificate and audit record, all or nothing. The same key with the same request
 * gives the recorded certificate and uses nothing.
 */
export async function recordCertificate(act: Act, entry: IssuanceEntry): Promise<IssuanceAnswer> {
  const { tx, now, note } = act
  const earlier = await findIssued(tx, entry.idempotencyKey)
  if (earlier !== undefined) return replay(entry, earlier)
  await checkIssuingTime(tx, now)
  const quotaNumber = await useQuota(tx, entry.orderId)
  const unit = await unitRow(tx, entry.unitId)
  requireUndecided(unit)
  if (unit.order_id !== entry.orderId) {
    const message = `unit ${unit.id} belongs to work order ${unit.order_id}, not to ${entry.orderId}`
    throw new LedgerError('LEDGER_UNIT_UNKNOWN', message)
  }
  const fingerprint = toHex(sha256(entry.certificate))
  await insertCertificate(tx, {
    sha256: fingerprint,
    order_id: entry.orderId,
    unit_id: entry.unitId,
    quota_number: quotaNumber,
    issuer_key_id: entry.issuerKeyId,
    serial_number: entry.serialNumber,
    spki_sha256: entry.spkiSha256,
    idempotency_key: entry.idempotencyKey,
    request_hash: entry.requestHash,
    der: entry.certificate,
    state: 'live',
    void_reason: null,
    issued_at: now,
  })
  await noteIssue(tx, { now })
  await note('certificate.issued', {
    certificate: fingerprint,
    unit: entry.unitId,
    order: entry.orderId,
    quotaNumber,
    issuer: entry.issuerKeyId,
    serialNumber: entry.serialNumber,
    key: entry.spkiSha256,
  })
  return { certificate: entry.certificate, replayed: false }
}

function replay(
  entry: IssuanceEntry,
  earlier: { readonly requestHash: string; readonly certificate: Uint8Array },
): IssuanceAnswer {
  if (earlier.requestHash === entry.requestHash) {
    return { certificate: earlier.certificate, replayed: true }
  }
  throw new LedgerError(
    'LEDGER_IDEMPOTENCY',
    `idempotency key ${entry.idempotencyKey} answered request ${earlier.requestHash}, not ${entry.requestHash}`,
  )
}

/** Uses one certificate of the order in one statement, and says which. */
async function useQuota(tx: LedgerTransaction, orderId: string): Promise<number> {
  const [used] = await takeCertificate(tx, { orderId })
  if (used !== undefined) return used.certificates_used
  const row = await orderRow(tx, orderId)
  requireOpen(row)
  throw new LedgerError(
    'LEDGER_QUOTA',
    `work order ${orderId} allows ${row.certificate_limit} certificates, ${row.certificates_used} are issued`,
  )
}

/** Writes into the audit log that a second unit came with a key that is known, and names both. */
export async function noteTakenKey({ tx, note }: Act, entry: IssuanceEntry): Promise<void> {
  const [holder] = await unitByKey(tx, { spkiSha256: entry.spkiSha256 })
  await note('certificate.refused', {
    code: 'LEDGER_KEY_TAKEN',
    unit: entry.unitId,
    order: entry.orderId,
    key: entry.spkiSha256,
    holder: holder?.unit_id ?? '',
  })
}

export async function findIssued(
  db: Kysely<Tables>,
  idempotencyKey: string,
): Promise<{ readonly requestHash: string; readonly certificate: Uint8Array } | undefined> {
  const [row] = await certificateByIdempotency(db, { idempotencyKey })
  if (row === undefined) return undefined
  return { requestHash: row.request_hash, certificate: Uint8Array.from(row.der) }
}

export async function isKeyKnown(db: Kysely<Tables>, spkiSha256: string): Promise<boolean> {
  const [row] = await unitByKey(db, { spkiSha256 })
  return row !== undefined
}

/** All certificates of the unit, the oldest first. */
export async function certificatesOf(
  db: Kysely<Tables>,
  unitId: string,
): Promise<readonly CertificateRecord[]> {
  const rows = await certificatesByUnit(db, { unitId })
  return rows.map(recordOf)
}

/** Marks a certificate void. Void already: nothing changes, the first reason stands. */
export async function voidCertificate(
  { tx, note }: Act,
  unitId: string,
  certificateSha256: string,
  reason: string,
): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('certificate')
    .set({ state: 'void', void_reason: reason })
    .where('unit_id', '=', unitId)
    .where('sha256', '=', certificateSha256)
    .where('state', '=', 'live')
    .executeTakeFirst()
  if (numUpdatedRows === 1n) {
    await note('certificate.voided', { certificate: certificateSha256, unit: unitId, reason })
    return
  }
  const known = await tx
    .selectFrom('certificate')
    .select('sha256')
    .where('unit_id', '=', unitId)
    .where('sha256', '=', certificateSha256)
    .executeTakeFirst()
  if (known !== undefined) return
  throw new LedgerError(
    'LEDGER_CERTIFICATE_UNKNOWN',
    `unit ${unitId} has no certificate ${certificateSha256}`,
  )
}

function recordOf(row: CertificateRow): CertificateRecord {
  return {
    sha256: row.sha256,
    orderId: row.order_id,
    unitId: row.unit_id,
    quotaNumber: row.quota_number,
    issuerKeyId: row.issuer_key_id,
    serialNumber: row.serial_number,
    spkiSha256: row.spki_sha256,
    certificate: Uint8Array.from(row.der),
    state: row.state,
    ...(row.void_reason === null ? {} : { voidReason: row.void_reason }),
    issuedAt: row.issued_at,
  }
}
