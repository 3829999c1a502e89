import { equalOctets, toHex, type Random } from '@keyline/bytes'
import type { LedgerTransaction } from '../database/database.ts'
import type { StoredUnitRow, UnitRow } from '../database/schema.ts'
import { statement, type Values } from '../database/statement.ts'
import { LedgerError } from '../errors.ts'
import type { UnitSecrets } from '../records/index.ts'
import type { Act } from './act.ts'
import type { Acts } from './acts.ts'
import { orderRow, requireOpen } from './orders.ts'
import {
  insertUnit,
  requireNotScrapped,
  takePlace,
  unitOf,
  unitRow,
  type ReservedUnit,
} from './units.ts'
import type { Vault } from './vault.ts'

/** An identity that was made elsewhere: the serial number is not one of the order's pool. */
export interface GivenIdentity {
  readonly serialNumber: string
  readonly secrets: UnitSecrets
}

export interface Adoption extends GivenIdentity {
  readonly orderId: string
  readonly vault: Vault
  readonly random: Random
}

const unitBySerialNumber = statement(
  (db, row: Values<{ serialNumber: string; vendorId: number; productId: number }>) =>
    db
      .selectFrom('unit')
      .selectAll()
      .where('serial_number', '=', row.serialNumber)
      .where('vendor_id', '=', row.vendorId)
      .where('product_id', '=', row.productId),
)

const verdictOfUnit = statement((db, { unitId }: Values<{ unitId: string }>) =>
  db.selectFrom('verdict').select('verdict').where('unit_id', '=', unitId),
)

/**
 * Records the unit of a given identity; the same identity again gives the same unit while it is open. A unit that ended
 * as ERROR is opened again, for its own board where it had one. Whoever loses a race sees the winner.
 */
export async function adoptIdentity(acts: Acts, adoption: Adoption): Promise<ReservedUnit> {
  try {
    return await acts.act((act) => adoptUnit(act, adoption))
  } catch (error) {
    const isLostRace = error instanceof LedgerError && error.code === 'LEDGER_SERIAL_TAKEN'
    if (!isLostRace) throw error
    return acts.act((act) => adoptUnit(act, adoption))
  }
}

async function adoptUnit(act: Act, adoption: Adoption): Promise<ReservedUnit> {
  const { orderId } = adoption
  const order = await orderRow(act.tx, orderId)
  requireOpen(order)
  const known = (): Promise<StoredUnitRow | undefined> =>
    unitBySerialNumber(act.tx, {
      serialNumber: adoption.serialNumber,
      vendorId: order.vendor_id,
      productId: order.product_id,
    }).then(([row]) => row)
  const found = await known()
  if (found !== undefined) return takeUp(act, found, adoption)
  const [place] = await takePlace(act.tx, { orderId })
  if (place !== undefined) return insert(act, place, adoption)
  // The last place may have gone to this very identity.
  const winner = await known()
  if (winner !== undefined) return takeUp(act, winner, adoption)
  throw noPlace(orderId)
}

async function insert(
  { tx, now, note }: Act,
  place: { last_sequence: number; pool: string; vendor_id: number; product_id: number },
  { orderId, serialNumber, secrets, vault, random }: Adoption,
): Promise<ReservedUnit> {
  const id = toHex(random.bytes(16))
  const { last_sequence: sequence, ...product } = place
  const row = {
    id,
    order_id: orderId,
    sequence,
    ...product,
    serial_number: serialNumber,
    state: 'reserved',
    live: 1,
    board_uid: null,
    batch_id: null,
    remote: 0,
    created_at: now,
    ...vault.sealUnit(id, secrets),
  } as const
  await insertUnit(tx, row)
  await note('unit.adopted', { unit: id, order: orderId, sequence, serialNumber })
  return { unit: unitOf(row), secrets }
}

/**
 * Goes on with a unit that the ledger has.
 * @throws LedgerError `LEDGER_UNIT_DIFFERS`, `LEDGER_UNIT_DECIDED`, `LEDGER_UNIT_SCRAPPED`
 */
async function takeUp(act: Act, row: StoredUnitRow, adoption: Adoption): Promise<ReservedUnit> {
  const { orderId, secrets, vault } = adoption
  requireNotScrapped(row)
  const isOurs = row.batch_id === null && row.remote === 0
  if (!isOurs) throw differs(row)
  const now = row.state === 'decided' ? await reopen(act, row, adoption) : row
  if (!isSameIdentity(vault.openUnit(now.id, now), secrets)) throw differs(row)
  if (now.order_id === orderId) return { unit: unitOf(now), secrets }
  return { unit: unitOf(await move(act, now, orderId)), secrets }
}

/** A unit in work goes on under another order of its product: whoever takes it up asks its board what it holds. */
async function move(
  { tx, note }: Act,
  { id: unitId, order_id: from }: Pick<UnitRow, 'id' | 'order_id'>,
  orderId: string,
): Promise<UnitRow> {
  const [place] = await takePlace(tx, { orderId })
  if (place === undefined) throw noPlace(orderId)
  const { last_sequence: sequence } = place
  await tx
    .updateTable('unit')
    .set({ order_id: orderId, sequence })
    .where('id', '=', unitId)
    .where('order_id', '=', from)
    .execute()
  await tx
    .updateTable('work_order')
    .set((eb) => ({ units_reserved: eb('units_reserved', '-', 1) }))
    .where('id', '=', from)
    .execute()
  await note('unit.adopted', { unit: unitId, order: orderId, sequence, from })
  return unitRow(tx, unitId)
}

/**
 * A dead unit takes a place of the order again, with the secrets that are given now. Its board, where it had one, stays
 * the only one that may carry its serial number.
 */
async function reopen(
  { tx, note }: Act,
  row: Pick<UnitRow, 'id' | 'board_uid'>,
  { orderId, secrets, vault }: Adoption,
): Promise<UnitRow> {
  const { id: unitId } = row
  if (!(await revive(tx, row))) return inWork(tx, unitId)
  const [place] = await takePlace(tx, { orderId })
  if (place === undefined) throw noPlace(orderId)
  const { last_sequence: sequence } = place
  await tx
    .updateTable('unit')
    .set({ order_id: orderId, sequence, ...vault.sealUnit(unitId, secrets) })
    .where('id', '=', unitId)
    .execute()
  await tx.deleteFrom('verdict').where('unit_id', '=', unitId).execute()
  await note('unit.reopened', { unit: unitId, order: orderId, sequence, verdict: 'ERROR' })
  return unitRow(tx, unitId)
}

/** False when the unit is not dead of an ERROR, or when another one has just opened it. */
async function revive(
  tx: LedgerTransaction,
  { id: unitId, board_uid: boardUid }: Pick<UnitRow, 'id' | 'board_uid'>,
): Promise<boolean> {
  const revived = await tx
    .updateTable('unit')
    .set({ live: 1, state: boardUid === null ? 'reserved' : 'active' })
    .where('id', '=', unitId)
    .where('state', '=', 'decided')
    .where('live', '=', 0)
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('verdict')
          .select('unit_id')
          .whereRef('verdict.unit_id', '=', 'unit.id')
          .where('verdict', '=', 'ERROR'),
      ),
    )
    .returning('id')
    .execute()
  return revived.length === 1
}

/** @throws LedgerError `LEDGER_UNIT_DECIDED` */
async function inWork(tx: LedgerTransaction, unitId: string): Promise<UnitRow> {
  const row = await unitRow(tx, unitId)
  if (row.state !== 'decided') return row
  const [known] = await verdictOfUnit(tx, { unitId })
  throw new LedgerError(
    'LEDGER_UNIT_DECIDED',
    `unit ${row.serial_number} was decided as ${known?.verdict ?? 'void'}; its identity is not used again`,
  )
}

function isSameIdentity(a: UnitSecrets, b: UnitSecrets): boolean {
  return (
    a.passcode === b.passcode &&
    a.discriminator === b.discriminator &&
    a.iterations === b.iterations &&
    equalOctets(a.salt, b.salt) &&
    equalOctets(a.verifier, b.verifier)
  )
}

function differs({ serial_number: serialNumber }: Pick<UnitRow, 'serial_number'>): LedgerError {
  const message = `serial number ${serialNumber} was recorded with another identity`
  return new LedgerError('LEDGER_UNIT_DIFFERS', message)
}

function noPlace(orderId: string): LedgerError {
  return new LedgerError('LEDGER_QUOTA', `work order ${orderId} has no unit left`)
}
