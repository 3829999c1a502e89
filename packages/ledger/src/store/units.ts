import { toHex, type Random } from '@keyline/bytes'
import type { Kysely } from 'kysely'
import type { LedgerTransaction } from '../database/database.ts'
import type { StoredUnitRow, Tables, UnitRow } from '../database/schema.ts'
import { statement, type Values } from '../database/statement.ts'
import { LedgerError } from '../errors.ts'
import type { Unit, UnitSecrets } from '../records/index.ts'
import type { Act } from './act.ts'
import type { Acts } from './acts.ts'
import { orderRow, requireOpen } from './orders.ts'
import { formatSerialNumber } from './serial-number.ts'
import type { SealedUnit, Vault } from './vault.ts'

/** A unit together with its identity secrets. */
export interface ReservedUnit {
  readonly unit: Unit
  readonly secrets: UnitSecrets
}

export interface Reservation {
  readonly orderId: string
  readonly secrets: UnitSecrets
  readonly vault: Vault
  readonly random: Random
}

export const takePlace = statement((db, { orderId }: Values<{ orderId: string }>) =>
  db
    .updateTable('work_order')
    .set((eb) => ({
      units_reserved: eb('units_reserved', '+', 1),
      last_sequence: eb('last_sequence', '+', 1),
    }))
    .where('id', '=', orderId)
    .where('state', '=', 'open')
    .where('paused', '=', 0)
    .whereRef('units_reserved', '<', 'quantity')
    .returning(['last_sequence', 'pool', 'vendor_id', 'product_id']),
)

const takeNumber = statement((db, { name }: Values<{ name: string }>) =>
  db
    .updateTable('serial_pool')
    .set((eb) => ({ next: eb('next', '+', 1) }))
    .where('name', '=', name)
    .returning(['next', 'pattern']),
)

export const insertUnit = statement((db, row: Values<UnitRow>) =>
  db.insertInto('unit').values({
    id: row.id,
    order_id: row.order_id,
    sequence: row.sequence,
    pool: row.pool,
    vendor_id: row.vendor_id,
    product_id: row.product_id,
    serial_number: row.serial_number,
    state: row.state,
    live: row.live,
    board_uid: row.board_uid,
    batch_id: row.batch_id,
    remote: row.remote,
    created_at: row.created_at,
    iterations: row.iterations,
    sealed_discriminator: row.sealed_discriminator,
    sealed_passcode: row.sealed_passcode,
    sealed_salt: row.sealed_salt,
    sealed_verifier: row.sealed_verifier,
  }),
)

const unitById = statement((db, { unitId }: Values<{ unitId: string }>) =>
  db.selectFrom('unit').selectAll().where('id', '=', unitId),
)

const bindReserved = statement(
  (db, { unitId, boardUid }: Values<{ unitId: string; boardUid: string }>) =>
    db
      .updateTable('unit')
      .set({ board_uid: boardUid, state: 'active' })
      .where('id', '=', unitId)
      .where('state', '=', 'reserved')
      // A unit in rework may wait for its own board.
      .where((eb) => eb.or([eb('board_uid', 'is', null), eb('board_uid', '=', boardUid)]))
      .returning('id'),
)

/** In place of the secrets of a unit, where they rest somewhere else: in the file of its batch, at its station. */
export const nothingSealed: SealedUnit = {
  iterations: 0,
  sealed_discriminator: new Uint8Array(),
  sealed_passcode: new Uint8Array(),
  sealed_salt: new Uint8Array(),
  sealed_verifier: new Uint8Array(),
}

/** Units that the order still misses. @throws LedgerError `LEDGER_ORDER_UNKNOWN`, `LEDGER_ORDER_CLOSED` */
export async function unitsLeft(db: Kysely<Tables>, orderId: string): Promise<number> {
  const row = await orderRow(db, orderId)
  requireOpen(row)
  return row.quantity - row.units_reserved
}

/** The next unit of the order under the next number of its pool; `undefined` when the quantity is reached. */
export async function reserveUnit(
  { tx, now, note }: Act,
  { orderId, secrets, vault, random }: Reservation,
): Promise<ReservedUnit | undefined> {
  const [order] = await takePlace(tx, { orderId })
  if (order === undefined) {
    requireOpen(await orderRow(tx, orderId))
    return undefined
  }
  const serialNumber = await takeSerialNumber(tx, order.pool)
  const id = toHex(random.bytes(16))
  const row = {
    id,
    order_id: orderId,
    sequence: order.last_sequence,
    pool: order.pool,
    vendor_id: order.vendor_id,
    product_id: order.product_id,
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
  await note('unit.reserved', {
    unit: id,
    order: orderId,
    sequence: row.sequence,
    serialNumber: row.serial_number,
  })
  return { unit: unitOf(row), secrets }
}

async function takeSerialNumber(tx: LedgerTransaction, name: string): Promise<string> {
  const [pool] = await takeNumber(tx, { name })
  const number = (pool?.next ?? 1) - 1
  const serialNumber = formatSerialNumber(pool?.pattern ?? '', number)
  if (serialNumber !== undefined) return serialNumber
  throw new LedgerError(
    'LEDGER_POOL_EXHAUSTED',
    `serial pool ${name} has pattern ${pool?.pattern ?? 'none'}, which has no place for number ${number}`,
  )
}

/** Units of the order for boards without a final verdict (none yet, or QUARANTINE), by sequence. */
export async function undecidedUnits(
  db: Kysely<Tables>,
  orderId: string,
  vault: Vault,
): Promise<readonly ReservedUnit[]> {
  const rows = await db
    .selectFrom('unit')
    .selectAll()
    .where('order_id', '=', orderId)
    .where('state', '!=', 'decided')
    .where('batch_id', 'is', null)
    .where('remote', '=', 0)
    .orderBy('sequence')
    .execute()
  return rows.map((row) => ({ unit: unitOf(row), secrets: vault.openUnit(row.id, row) }))
}

/**
 * Binds the unit to the board of this UID. The same board again changes nothing, unless the caller wants to be the
 * first: two stations may draw one open unit, and even hold boards of one UID.
 */
export async function bindUnit(
  acts: Acts,
  unitId: string,
  boardUid: string,
  isFirst: boolean,
): Promise<void> {
  try {
    await acts.act((act) => bindIn(act, unitId, boardUid, isFirst))
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code !== 'LEDGER_BOARD_TAKEN') throw error
    throw await acts.read((db) => boardTaken(db, boardUid, error))
  }
}

async function bindIn(
  { tx, note }: Act,
  unitId: string,
  boardUid: string,
  isFirst: boolean,
): Promise<void> {
  const bound = await bindReserved(tx, { unitId, boardUid })
  if (bound.length === 1) {
    await note('unit.bound', { unit: unitId, board: boardUid })
    return
  }
  const row = await unitRow(tx, unitId)
  requireUndecided(row)
  if (row.board_uid === boardUid && !isFirst) return
  throw boundElsewhere(unitId, row.board_uid ?? 'none', boardUid)
}

export function boundElsewhere(unitId: string, to: string, tried: string): LedgerError {
  const message = `unit ${unitId} was bound to board ${to} before ${tried} was tried`
  return new LedgerError('LEDGER_UNIT_BOUND', message)
}

/** Names the live unit that has the board, for the error that the constraint raised. */
export async function boardTaken(
  db: Kysely<Tables>,
  boardUid: string,
  cause: unknown,
): Promise<LedgerError> {
  const holder = await db
    .selectFrom('unit')
    .select(['id', 'serial_number', 'state'])
    .where('board_uid', '=', boardUid)
    .where('live', '=', 1)
    .executeTakeFirst()
  const whose =
    holder === undefined
      ? 'another unit'
      : `unit ${holder.id} (${holder.serial_number}, ${holder.state})`
  return new LedgerError('LEDGER_BOARD_TAKEN', `board ${boardUid} belongs to ${whose}`, {
    cause,
    ...(holder === undefined ? {} : { details: { unit: holder.id } }),
  })
}

/** Every unit of the order that was made for a board, by sequence. */
export function unitRowsOf(db: Kysely<Tables>, orderId: string): Promise<readonly StoredUnitRow[]> {
  return db
    .selectFrom('unit')
    .selectAll()
    .where('order_id', '=', orderId)
    .where('batch_id', 'is', null)
    .orderBy('sequence')
    .execute()
}

/** @throws LedgerError `LEDGER_UNIT_UNKNOWN` */
export async function unitRow(db: Kysely<Tables>, unitId: string): Promise<StoredUnitRow> {
  const [row] = await unitById(db, { unitId })
  if (row === undefined) throw unknownUnit(unitId)
  return row
}

/** By id, or by serial number. @throws LedgerError `LEDGER_UNIT_AMBIGUOUS` */
export async function findUnitRow(
  db: Kysely<Tables>,
  idOrSerialNumber: string,
): Promise<StoredUnitRow | undefined> {
  const rows = await db
    .selectFrom('unit')
    .selectAll()
    .where((eb) =>
      eb.or([eb('id', '=', idOrSerialNumber), eb('serial_number', '=', idOrSerialNumber)]),
    )
    .limit(2)
    .execute()
  if (rows.length < 2) return rows[0]
  throw new LedgerError(
    'LEDGER_UNIT_AMBIGUOUS',
    `serial number ${idOrSerialNumber} belongs to units ${rows.map((row) => row.id).join(' and ')}`,
  )
}

/** @throws LedgerError `LEDGER_UNIT_DECIDED` */
export function requireUndecided(row: Pick<UnitRow, 'id' | 'state'>): void {
  if (row.state !== 'decided') return
  throw new LedgerError('LEDGER_UNIT_DECIDED', `unit ${row.id} has its verdict`)
}

/** @throws LedgerError `LEDGER_UNIT_SCRAPPED` */
export function requireNotScrapped(
  row: Pick<StoredUnitRow, 'id' | 'serial_number' | 'scrapped_at'>,
): void {
  if (row.scrapped_at === null) return
  const when = new Date(row.scrapped_at).toISOString()
  throw new LedgerError(
    'LEDGER_UNIT_SCRAPPED',
    `unit ${row.id} (${row.serial_number}) was scrapped at ${when}`,
  )
}

export function unknownUnit(unitId: string): LedgerError {
  return new LedgerError('LEDGER_UNIT_UNKNOWN', `unit ${unitId} is not in the ledger`)
}

export function unitOf(row: Omit<UnitRow, keyof SealedUnit> & { readonly attempt?: number }): Unit {
  const { attempt = 1 } = row
  return {
    id: row.id,
    orderId: row.order_id,
    sequence: row.sequence,
    serialNumber: row.serial_number,
    state: row.state,
    ...(row.board_uid === null ? {} : { boardUid: row.board_uid }),
    ...(attempt === 1 ? {} : { attempt }),
    createdAt: row.created_at,
  }
}
