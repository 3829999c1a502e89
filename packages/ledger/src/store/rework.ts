import { parseJson } from '@keyline/bytes'
import type { Kysely } from 'kysely'
import type { LedgerTransaction } from '../database/database.ts'
import type { ReworkRow, StoredUnitRow, Tables } from '../database/schema.ts'
import { LedgerError } from '../errors.ts'
import {
  reworkReasons,
  VerdictRecord,
  type ReworkReason,
  type Unit,
  type UnitSecrets,
  type Verdict,
} from '../records/index.ts'
import type { Act } from './act.ts'
import { requireOwnSecrets } from './batches.ts'
import { certificatesOf } from './certificates.ts'
import { revokeDevices } from './device-keys.ts'
import { orderRow, requireOpen } from './orders.ts'
import { requireNotScrapped, unitOf, unitRow } from './units.ts'
import type { SealedUnit } from './vault.ts'

/** A ticket to make a unit again under its serial number. */
export interface ReworkOrder {
  readonly unitId: string
  readonly reason: ReworkReason
  readonly note?: string | undefined
  /** True: the unit comes on another board. Otherwise only its own board is taken. */
  readonly onNewBoard: boolean
  /** Most reworks that a unit may have. */
  readonly maxAttempts: number
  /** Passcode, salt, verifier and discriminator drawn anew; the old ones stay unless given. */
  readonly secrets?: UnitSecrets | undefined
}

/** What a unit was before one of its reworks. */
export interface ReworkRecord {
  /** Which making of the unit the ticket opened: 2, 3, … */
  readonly attempt: number
  readonly reason: ReworkReason
  readonly note?: string
  /** The board that it had, hexadecimal. */
  readonly boardUid?: string
  /** SHA-256 of the certificate that was live, hexadecimal. */
  readonly certificateSha256?: string
  readonly verdict: VerdictRecord
  /** Times are milliseconds since 1970. */
  readonly decidedAt: number
  readonly hasNewSecrets: boolean
  readonly openedAt: number
  /** Absent while the ticket is open. */
  readonly closedAt?: number
}

/**
 * Opens a unit again, its verdict put aside: whoever comes second finds it open. A unit that had given its place in the
 * order back takes one again. The certificate stays live until the next verdict, so that a board that still has its key
 * gets the same one. The attestation key of a board that is given up is revoked at once.
 */
export async function openRework(
  act: Act,
  order: ReworkOrder,
  sealed: SealedUnit | undefined,
): Promise<Unit> {
  const { tx, now, note } = act
  const row = await unitRow(tx, order.unitId)
  requireReworkable(row, order)
  const verdict = await takeVerdict(tx, row)
  if (row.live === 0) await takePlaceAgain(tx, row.order_id)
  else requireOpen(await orderRow(tx, row.order_id))
  const certificates = await certificatesOf(tx, row.id)
  const live = certificates.findLast(({ state }) => state === 'live')?.sha256
  const board = order.onNewBoard ? null : row.board_uid
  const attempt = row.attempt + 1
  const opened = await tx
    .updateTable('unit')
    .set({ state: 'reserved', live: 1, attempt, board_uid: board, ...sealed })
    .where('id', '=', row.id)
    .where('attempt', '=', row.attempt)
    .where('scrapped_at', 'is', null)
    .returning('id')
    .executeTakeFirst()
  if (opened === undefined) {
    requireNotScrapped(await unitRow(tx, row.id))
    throw alreadyOpen(row)
  }
  const ticket: ReworkRow = {
    unit_id: row.id,
    attempt,
    reason: order.reason,
    note: order.note ?? null,
    board_uid: row.board_uid,
    certificate_sha256: live ?? null,
    verdict: verdict.document,
    decided_at: verdict.decided_at,
    new_secrets: sealed === undefined ? 0 : 1,
    opened_at: now,
    closed_at: null,
  }
  await tx.insertInto('rework').values(ticket).execute()
  if (order.onNewBoard) await revokeDevices(act, row.id)
  await note('unit.reworked', {
    unit: row.id,
    attempt,
    reason: order.reason,
    verdict: verdict.verdict,
    newSecrets: sealed !== undefined,
    ...(order.note === undefined ? {} : { note: order.note }),
    ...(row.board_uid === null ? {} : { board: row.board_uid }),
    ...(live === undefined ? {} : { certificate: live }),
  })
  return unitOf({ ...row, attempt, state: 'reserved', board_uid: board })
}

/** @throws LedgerError */
function requireReworkable(row: StoredUnitRow, { maxAttempts }: ReworkOrder): void {
  requireOwnSecrets(row)
  if (row.attempt <= maxAttempts) return
  throw new LedgerError(
    'LEDGER_REWORK_LIMIT',
    `unit ${row.serial_number} was reworked ${row.attempt - 1} times, ${maxAttempts} are allowed`,
  )
}

/** Removes the verdict for the ticket to keep. Of several who try, one gets it. */
async function takeVerdict(tx: LedgerTransaction, row: StoredUnitRow) {
  const taken = await tx
    .deleteFrom('verdict')
    .where('unit_id', '=', row.id)
    .returning(['verdict', 'document', 'decided_at'])
    .executeTakeFirst()
  if (taken !== undefined) return taken
  // Whoever was faster has opened it since it was read.
  const { attempt } = await unitRow(tx, row.id)
  if (attempt > 1) throw alreadyOpen(row)
  throw new LedgerError('LEDGER_UNIT_OPEN', `unit ${row.serial_number} has no verdict yet`)
}

async function takePlaceAgain(tx: LedgerTransaction, orderId: string): Promise<void> {
  const taken = await tx
    .updateTable('work_order')
    .set((eb) => ({ units_reserved: eb('units_reserved', '+', 1) }))
    .where('id', '=', orderId)
    .where('state', '=', 'open')
    .where('paused', '=', 0)
    .whereRef('units_reserved', '<', 'quantity')
    .returning('id')
    .executeTakeFirst()
  if (taken !== undefined) return
  requireOpen(await orderRow(tx, orderId))
  throw new LedgerError('LEDGER_QUOTA', `work order ${orderId} is made without this unit`)
}

function alreadyOpen(row: StoredUnitRow): LedgerError {
  return new LedgerError(
    'LEDGER_REWORK_OPEN',
    `unit ${row.serial_number} is in rework already, and has no verdict since`,
  )
}

/**
 * Ends the open ticket of a unit.
 * @returns the certificate from before it that is good no more: one that the unit has not kept
 */
export async function closeRework(
  { tx, now }: Act,
  unitId: string,
  verdict: Verdict | 'SCRAP',
): Promise<string | undefined> {
  const ticket = await tx
    .updateTable('rework')
    .set({ closed_at: now })
    .where('unit_id', '=', unitId)
    .where('closed_at', 'is', null)
    .returning('certificate_sha256')
    .executeTakeFirst()
  const before = ticket?.certificate_sha256 ?? undefined
  if (before === undefined || verdict !== 'PASS') return before
  const certificates = await certificatesOf(tx, unitId)
  const kept = certificates.findLast(({ state }) => state === 'live')?.sha256
  return kept === before ? undefined : before
}

/** The reworks of a unit, the oldest first. */
export async function reworksOf(
  db: Kysely<Tables>,
  unitId: string,
): Promise<readonly ReworkRecord[]> {
  const rows = await db
    .selectFrom('rework')
    .selectAll()
    .where('unit_id', '=', unitId)
    .orderBy('attempt')
    .execute()
  return rows.map(recordOf)
}

function recordOf(row: ReworkRow): ReworkRecord {
  const reason = reworkReasons.find((known) => known === row.reason)
  if (reason === undefined) {
    throw new LedgerError('LEDGER_DAMAGED', `a rework has the unknown reason ${row.reason}`)
  }
  const what = `verdict before rework ${row.attempt} of unit ${row.unit_id}`
  return {
    attempt: row.attempt,
    reason,
    ...(row.note === null ? {} : { note: row.note }),
    ...(row.board_uid === null ? {} : { boardUid: row.board_uid }),
    ...(row.certificate_sha256 === null ? {} : { certificateSha256: row.certificate_sha256 }),
    verdict: VerdictRecord.parse(parseJson(row.verdict, what)),
    decidedAt: row.decided_at,
    hasNewSecrets: row.new_secrets === 1,
    openedAt: row.opened_at,
    ...(row.closed_at === null ? {} : { closedAt: row.closed_at }),
  }
}
