import type { LedgerTransaction } from '../database/database.ts'
import type { UnitRow, WorkOrderRow } from '../database/schema.ts'
import { statement, type Values } from '../database/statement.ts'
import { LedgerError } from '../errors.ts'
import type { Act } from './act.ts'
import type { IssuanceUnit } from './prospects.ts'
import { boundElsewhere, nothingSealed, requireUndecided, unknownUnit } from './units.ts'

/** Who a unit is that another ledger made. */
export interface RemoteIdentity {
  readonly serialNumber: string
  /** 96-bit UID of the board, hexadecimal. */
  readonly boardUid?: string | undefined
}

/** What a request says of its unit. */
export interface UnitClaim {
  readonly orderId: string
  readonly unitId: string
  readonly identity?: RemoteIdentity | undefined
}

/** A unit whose secrets rest on the ledger of its station. @throws LedgerError `LEDGER_UNIT_UNKNOWN` without an identity */
export function remoteUnitRow(
  { unitId, identity }: UnitClaim,
  order: Pick<WorkOrderRow, 'id' | 'pool' | 'vendor_id' | 'product_id'>,
  sequence: number,
  now: number,
): UnitRow {
  if (identity === undefined) throw unknownUnit(unitId)
  return {
    id: unitId,
    order_id: order.id,
    sequence,
    pool: order.pool,
    vendor_id: order.vendor_id,
    product_id: order.product_id,
    serial_number: identity.serialNumber,
    state: 'active',
    live: 1,
    board_uid: identity.boardUid ?? null,
    batch_id: null,
    remote: 1,
    created_at: now,
    ...nothingSealed,
  }
}

/**
 * Holds a request to the unit that it names.
 * @throws LedgerError `LEDGER_UNIT_UNKNOWN`, `LEDGER_UNIT_DECIDED`, `LEDGER_UNIT_DIFFERS`, `LEDGER_UNIT_BOUND`
 */
export async function requireUnit(
  tx: LedgerTransaction,
  { unitId, orderId, identity }: UnitClaim,
  unit: IssuanceUnit | undefined,
): Promise<void> {
  if (unit === undefined) throw unknownUnit(unitId)
  requireUndecided(unit)
  if (unit.order_id !== orderId) {
    const message = `unit ${unitId} belongs to work order ${unit.order_id}, not to ${orderId}`
    throw new LedgerError('LEDGER_UNIT_UNKNOWN', message)
  }
  if (identity === undefined) return
  if (unit.serial_number !== identity.serialNumber) {
    const message = `unit ${unitId} has serial number ${unit.serial_number}, not ${identity.serialNumber}`
    throw new LedgerError('LEDGER_UNIT_DIFFERS', message)
  }
  const { boardUid } = identity
  if (boardUid === undefined || unit.board_uid === boardUid) return
  if (unit.board_uid !== null) throw boundElsewhere(unitId, unit.board_uid, boardUid)
  if (unit.remote === 1) await setBoard(tx, { unitId, boardUid })
}

const setBoard = statement(
  (db, { unitId, boardUid }: Values<{ unitId: string; boardUid: string }>) =>
    db.updateTable('unit').set({ board_uid: boardUid }).where('id', '=', unitId),
)

/**
 * Ends a unit of another ledger that holds this board with void certificates alone: its verdict is not known here.
 * Returns whether there was one.
 */
export async function endVoidUnit({ tx, note }: Act, boardUid: string): Promise<boolean> {
  const ended = await tx
    .updateTable('unit')
    .set({ state: 'decided', live: 0 })
    .where('board_uid', '=', boardUid)
    .where('live', '=', 1)
    .where('remote', '=', 1)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('certificate')
            .select('sha256')
            .whereRef('certificate.unit_id', '=', 'unit.id')
            .where('certificate.state', '=', 'live'),
        ),
      ),
    )
    .returning('id')
    .executeTakeFirst()
  if (ended === undefined) return false
  await note('unit.ended', { unit: ended.id, board: boardUid, reason: 'its certificates are void' })
  return true
}
