import type { Kysely } from 'kysely'
import type { StoredUnitRow, Tables } from '../database/schema.ts'
import type { Unit, VerdictRecord } from '../records/index.ts'
import { certificatesOf, type CertificateRecord } from './certificates.ts'
import { reworksOf, type ReworkRecord } from './rework.ts'
import { scrapOf, type ScrapRecord } from './scrap.ts'
import { findUnitRow, unitOf } from './units.ts'
import { verdictOf } from './verdicts.ts'

/** All that the ledger knows of one unit, without its secrets. */
export interface UnitReport {
  readonly unit: Unit
  readonly vendorId: number
  readonly productId: number
  readonly verdict?: VerdictRecord
  /** Milliseconds since 1970. */
  readonly decidedAt?: number
  /** The oldest first. */
  readonly certificates: readonly CertificateRecord[]
  /** What the unit was before each of its reworks, the oldest first. */
  readonly reworks: readonly ReworkRecord[]
  readonly scrap?: ScrapRecord
}

export async function reportOf(
  db: Kysely<Tables>,
  idOrSerialNumber: string,
): Promise<UnitReport | undefined> {
  const row = await findUnitRow(db, idOrSerialNumber)
  return row === undefined ? undefined : reportOfRow(db, row)
}

export async function reportOfRow(db: Kysely<Tables>, row: StoredUnitRow): Promise<UnitReport> {
  const verdict = await db
    .selectFrom('verdict')
    .selectAll()
    .where('unit_id', '=', row.id)
    .executeTakeFirst()
  const scrap = row.scrapped_at === null ? undefined : await scrapOf(db, row.id)
  return {
    unit: unitOf(row),
    vendorId: row.vendor_id,
    productId: row.product_id,
    ...(verdict === undefined
      ? {}
      : { verdict: verdictOf(verdict), decidedAt: verdict.decided_at }),
    certificates: await certificatesOf(db, row.id),
    reworks: row.attempt === 1 ? [] : await reworksOf(db, row.id),
    ...(scrap === undefined ? {} : { scrap }),
  }
}
