import type { Kysely } from 'kysely'
import type { CertificateRow, Tables } from '../database/schema.ts'
import { statement, type Values } from '../database/statement.ts'
import { LedgerError } from '../errors.ts'
import type { Act } from './act.ts'
import type { IssuedBefore } from './prospects.ts'

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
  /** The station that asked for it over the network. */
  readonly stationId?: string
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

export async function findIssued(
  db: Kysely<Tables>,
  idempotencyKey: string,
): Promise<IssuedBefore | undefined> {
  const [row] = await certificateByIdempotency(db, { idempotencyKey })
  if (row === undefined) return undefined
  return { requestHash: row.request_hash, certificate: Uint8Array.from(row.der) }
}

/** The unit whose certificate, live or void, has this public key. */
export async function findHolder(
  db: Kysely<Tables>,
  spkiSha256: string,
): Promise<string | undefined> {
  const [row] = await unitByKey(db, { spkiSha256 })
  return row?.unit_id
}

const certificateBySha256 = statement((db, { sha256 }: Values<{ sha256: string }>) =>
  db.selectFrom('certificate').selectAll().where('sha256', '=', sha256),
)

const certificateBySerial = statement(
  (db, value: Values<{ issuerKeyId: string; serialNumber: string }>) =>
    db
      .selectFrom('certificate')
      .selectAll()
      .where('issuer_key_id', '=', value.issuerKeyId)
      .where('serial_number', '=', value.serialNumber),
)

/** By its SHA-256, or by its serial number within its issuer; all hexadecimal. */
export async function findCertificate(
  db: Kysely<Tables>,
  by: { readonly sha256: string } | { readonly issuerKeyId: string; readonly serialNumber: string },
): Promise<CertificateRecord | undefined> {
  const [row] = await ('sha256' in by ? certificateBySha256(db, by) : certificateBySerial(db, by))
  return row && recordOf(row)
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
    ...(row.station_id === null ? {} : { stationId: row.station_id }),
  }
}
