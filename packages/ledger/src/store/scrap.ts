import type { Kysely } from 'kysely'
import type { Tables } from '../database/schema.ts'
import { LedgerError } from '../errors.ts'
import { returnableReasons, scrapReasons, type ScrapReason } from '../records/index.ts'
import type { Act } from './act.ts'
import { requireOwnSecrets } from './batches.ts'
import { certificatesOf } from './certificates.ts'
import { revokeDevices } from './device-keys.ts'
import { closeRework } from './rework.ts'
import { nothingSealed, requireNotScrapped, unitRow } from './units.ts'

export interface ScrapOrder {
  readonly unitId: string
  readonly reason: ScrapReason
  readonly note?: string | undefined
  /** Who approves that the order may issue the certificates of the unit again; nobody: it may not. */
  readonly returnApprovedBy?: string | undefined
}

export interface ScrapRecord {
  readonly reason: ScrapReason
  readonly note?: string
  /** Certificates that the order may issue again. */
  readonly returned: number
  readonly approvedBy?: string
  /** Milliseconds since 1970. */
  readonly scrappedAt: number
}

/** The certificates of a unit that was just scrapped. */
export interface Scrapped {
  readonly record: ScrapRecord
  /** SHA-256 of each certificate that a device may hold: live, or from before a rework. */
  readonly revoke: readonly string[]
}

/**
 * Ends a unit for ever: identity voided, its secrets wiped, its board free, its place in the order given back. The limit of
 * the order rises only with an approval, so that the numbers of its certificates are never used twice.
 */
export async function scrapUnit(act: Act, order: ScrapOrder): Promise<Scrapped> {
  const { tx, now, note } = act
  const { reason, returnApprovedBy } = order
  requireReturnable(order)
  const row = await unitRow(tx, order.unitId)
  requireOwnSecrets(row)
  const [verdict] = await tx
    .selectFrom('verdict')
    .select('verdict')
    .where('unit_id', '=', row.id)
    .execute()
  const isInWork = verdict === undefined && row.state === 'active'
  if (isInWork) {
    throw new LedgerError('LEDGER_UNIT_OPEN', `unit ${row.serial_number} has no verdict yet`)
  }
  const ended = await tx
    .updateTable('unit')
    .set({ state: 'decided', live: 0, scrapped_at: now, ...nothingSealed })
    .where('id', '=', row.id)
    .where('scrapped_at', 'is', null)
    .where('state', '=', row.state)
    .where('attempt', '=', row.attempt)
    .returning('id')
    .executeTakeFirst()
  if (ended === undefined) {
    requireNotScrapped(await unitRow(tx, order.unitId))
    throw new LedgerError('LEDGER_UNIT_OPEN', `unit ${row.serial_number} is taken up just now`)
  }
  const certificates = await certificatesOf(tx, row.id)
  const returned = returnApprovedBy === undefined ? 0 : certificates.length
  await tx
    .updateTable('work_order')
    .set((eb) => ({
      units_reserved: eb('units_reserved', '-', row.live),
      certificate_limit: eb('certificate_limit', '+', returned),
    }))
    .where('id', '=', row.order_id)
    .execute()
  const before = await closeRework(act, row.id, 'SCRAP')
  const scrap = {
    unit_id: row.id,
    reason,
    note: order.note ?? null,
    returned,
    approved_by: returned === 0 ? null : (returnApprovedBy ?? null),
    scrapped_at: now,
  }
  await tx.insertInto('scrap').values(scrap).execute()
  await revokeDevices(act, row.id)
  const live = certificates.filter(({ state }) => state === 'live').map(({ sha256 }) => sha256)
  await note('unit.scrapped', {
    unit: row.id,
    order: row.order_id,
    reason,
    returned,
    ...(order.note === undefined ? {} : { note: order.note }),
    ...(scrap.approved_by === null ? {} : { approvedBy: scrap.approved_by }),
  })
  const revoke = before === undefined || live.includes(before) ? live : [before, ...live]
  return { record: recordOf({ ...scrap, reason }), revoke }
}

/** @throws LedgerError `LEDGER_SCRAP_RETURN` */
function requireReturnable({ reason, returnApprovedBy }: ScrapOrder): void {
  if (returnApprovedBy === undefined) return
  if (returnApprovedBy.trim() !== '' && returnableReasons.includes(reason)) return
  throw new LedgerError(
    'LEDGER_SCRAP_RETURN',
    `"${reason}" approved by "${returnApprovedBy}" gives no certificate back: the reason must be ${returnableReasons.join(' or ')}`,
  )
}

export async function scrapOf(
  db: Kysely<Tables>,
  unitId: string,
): Promise<ScrapRecord | undefined> {
  const row = await db
    .selectFrom('scrap')
    .selectAll()
    .where('unit_id', '=', unitId)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const reason = scrapReasons.find((known) => known === row.reason)
  if (reason === undefined) {
    throw new LedgerError(
      'LEDGER_DAMAGED',
      `a unit is scrapped for the unknown reason ${row.reason}`,
    )
  }
  return recordOf({ ...row, reason })
}

function recordOf(row: {
  readonly reason: ScrapReason
  readonly note: string | null
  readonly returned: number
  readonly approved_by: string | null
  readonly scrapped_at: number
}): ScrapRecord {
  return {
    reason: row.reason,
    ...(row.note === null ? {} : { note: row.note }),
    returned: row.returned,
    ...(row.approved_by === null ? {} : { approvedBy: row.approved_by }),
    scrappedAt: row.scrapped_at,
  }
}
