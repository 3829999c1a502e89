import type { Kysely } from 'kysely'
import type { RevocationRow, Tables } from '../database/schema.ts'
import { LedgerError } from '../errors.ts'
import type { Act } from './act.ts'
import { revokeDevices } from './device-keys.ts'

/** Why a certificate is revoked; a revocation stands for ever, so no reason of RFC 5280 that takes one back is here. */
export const ledgerRevocationReasons = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
  'aACompromise',
] as const
export type LedgerRevocationReason = (typeof ledgerRevocationReasons)[number]

/** A revoked certificate. Key ids, serial numbers and hashes are lower-case hexadecimal. */
export interface Revocation {
  readonly issuerKeyId: string
  /** Its place among the revocations of the issuer: 1, 2, 3, … */
  readonly place: number
  readonly serialNumber: string
  readonly reason: LedgerRevocationReason
  /** Milliseconds since 1970. */
  readonly revokedAt: number
  /** Absent where the certificate is not of this ledger. */
  readonly certificateSha256?: string | undefined
}

/** A certificate that this ledger has. */
export interface RevokeInput {
  readonly certificateSha256: string
  readonly reason: LedgerRevocationReason
  /** Not after now. Now unless given. */
  readonly revokedAt?: number | undefined
}

/** A certificate that is named by its issuer alone, such as a PAI. */
export interface RevokeSerialInput {
  readonly issuerKeyId: string
  readonly serialNumber: string
  readonly reason: LedgerRevocationReason
  readonly revokedAt?: number | undefined
}

interface NewRevocation extends RevokeSerialInput {
  readonly certificateSha256?: string | undefined
}

/** Revokes and voids a certificate of the ledger. Revoked already: the first revocation stands, `isNew` is false. */
export async function revokeCertificate(
  act: Act,
  input: RevokeInput,
): Promise<{ readonly revocation: Revocation; readonly isNew: boolean }> {
  const { certificateSha256, reason, revokedAt } = input
  const certificate = await act.tx
    .selectFrom('certificate')
    .select(['issuer_key_id', 'serial_number'])
    .where('sha256', '=', certificateSha256)
    .executeTakeFirst()
  if (certificate === undefined) {
    throw new LedgerError(
      'LEDGER_CERTIFICATE_UNKNOWN',
      `no certificate with SHA-256 ${certificateSha256} is in the ledger`,
    )
  }
  const { issuer_key_id: issuerKeyId, serial_number: serialNumber } = certificate
  return revoke(act, { issuerKeyId, serialNumber, reason, revokedAt, certificateSha256 })
}

/** Revokes a serial number of an issuer; a certificate of the ledger that has it is voided too. */
export async function revokeSerial(
  act: Act,
  input: RevokeSerialInput,
): Promise<{ readonly revocation: Revocation; readonly isNew: boolean }> {
  const certificate = await act.tx
    .selectFrom('certificate')
    .select('sha256')
    .where('issuer_key_id', '=', input.issuerKeyId)
    .where('serial_number', '=', input.serialNumber)
    .executeTakeFirst()
  return revoke(act, { ...input, certificateSha256: certificate?.sha256 })
}

async function revoke(
  act: Act,
  input: NewRevocation,
): Promise<{ readonly revocation: Revocation; readonly isNew: boolean }> {
  const { tx, now, note } = act
  const { issuerKeyId, serialNumber, reason, certificateSha256 } = input
  await ensureList(tx, issuerKeyId)
  const { revocations: count } = await tx
    .updateTable('revocation_list')
    .set((eb) => ({ revocations: eb('revocations', '+', 0) }))
    .where('issuer_key_id', '=', issuerKeyId)
    .returning('revocations')
    .executeTakeFirstOrThrow()
  const known = await findRevocation(tx, issuerKeyId, serialNumber)
  if (known !== undefined) return { revocation: known, isNew: false }
  const row: RevocationRow = {
    issuer_key_id: issuerKeyId,
    place: count + 1,
    serial_number: serialNumber,
    certificate_sha256: certificateSha256 ?? null,
    reason,
    revoked_at: Math.min(input.revokedAt ?? now, now),
  }
  await tx
    .updateTable('revocation_list')
    .set({ revocations: row.place })
    .where('issuer_key_id', '=', issuerKeyId)
    .execute()
  await tx.insertInto('revocation').values(row).execute()
  if (certificateSha256 !== undefined) {
    await tx
      .updateTable('certificate')
      .set({ state: 'void', void_reason: `revoked: ${reason}` })
      .where('sha256', '=', certificateSha256)
      .where('state', '=', 'live')
      .execute()
    await revokeHolder(act, certificateSha256)
  }
  await note('certificate.revoked', {
    issuer: issuerKeyId,
    serialNumber,
    reason,
    revokedAt: row.revoked_at,
    place: row.place,
    ...(certificateSha256 === undefined ? {} : { certificate: certificateSha256 }),
  })
  return { revocation: revocationOf(row), isNew: true }
}

/** A unit without a live certificate is not trusted for its attestation key either. */
async function revokeHolder(act: Act, certificateSha256: string): Promise<void> {
  const certificates = await act.tx
    .selectFrom('certificate as revoked')
    .innerJoin('certificate', 'certificate.unit_id', 'revoked.unit_id')
    .where('revoked.sha256', '=', certificateSha256)
    .select(['certificate.unit_id', 'certificate.state'])
    .execute()
  const [holder] = certificates
  if (holder === undefined || certificates.some(({ state }) => state === 'live')) return
  await revokeDevices(act, holder.unit_id)
}

/** Begins the list of an issuer at its first use. */
export async function ensureList(tx: Act['tx'], issuerKeyId: string): Promise<void> {
  await tx
    .insertInto('revocation_list')
    .values({ issuer_key_id: issuerKeyId, number: 0, revocations: 0 })
    .onConflict((conflict) => conflict.column('issuer_key_id').doNothing())
    .execute()
}

export async function findRevocation(
  db: Kysely<Tables>,
  issuerKeyId: string,
  serialNumber: string,
): Promise<Revocation | undefined> {
  const row = await db
    .selectFrom('revocation')
    .selectAll()
    .where('issuer_key_id', '=', issuerKeyId)
    .where('serial_number', '=', serialNumber)
    .executeTakeFirst()
  return row && revocationOf(row)
}

/** One page of the revocations of an issuer behind `after`, up to `last`, in their order. */
export async function revocationPage(
  db: Kysely<Tables>,
  range: { readonly issuerKeyId: string; readonly after: number; readonly last: number },
): Promise<readonly Revocation[]> {
  const rows = await db
    .selectFrom('revocation')
    .selectAll()
    .where('issuer_key_id', '=', range.issuerKeyId)
    .where('place', '>', range.after)
    .where('place', '<=', range.last)
    .orderBy('place')
    .limit(pageSize)
    .execute()
  return rows.map(revocationOf)
}

/** A page takes a few milliseconds, so that what waits for the database waits no longer. */
const pageSize = 500

export async function revocationCount(db: Kysely<Tables>, issuerKeyId: string): Promise<number> {
  const list = await db
    .selectFrom('revocation_list')
    .select('revocations')
    .where('issuer_key_id', '=', issuerKeyId)
    .executeTakeFirst()
  return list?.revocations ?? 0
}

function revocationOf(row: RevocationRow): Revocation {
  const reason = ledgerRevocationReasons.find((known) => known === row.reason)
  if (reason === undefined) {
    throw new LedgerError('LEDGER_DAMAGED', `a revocation has the unknown reason ${row.reason}`)
  }
  return {
    issuerKeyId: row.issuer_key_id,
    place: row.place,
    serialNumber: row.serial_number,
    reason,
    revokedAt: row.revoked_at,
    ...(row.certificate_sha256 === null ? {} : { certificateSha256: row.certificate_sha256 }),
  }
}
