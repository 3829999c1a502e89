import { canonicalJson, encodeUtf8, parseJson, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { Tables, WorkOrderRow } from '../database/schema.ts'
import { statement, type Values } from '../database/statement.ts'
import { LedgerError } from '../errors.ts'
import { AnyOrder } from '../records/index.ts'
import type { Act } from './act.ts'
import { lostValue } from './checkpoint-reconcile.ts'
import { checkSerialPattern } from './serial-number.ts'

/** What the ledger knows of a work order's counters. Times are milliseconds since 1970. */
export interface OrderStatus {
  readonly orderId: string
  readonly vendorId: number
  readonly productId: number
  readonly policy: 'test' | 'production'
  readonly state: 'open' | 'paused' | 'closed'
  readonly quantity: number
  /** Units that are open or made; FAIL and ERROR give their place back. */
  readonly unitsReserved: number
  readonly certificateLimit: number
  readonly certificatesUsed: number
  /** Stations that may ask for certificates; all of them when absent. */
  readonly stations?: readonly string[] | undefined
  /** No certificate before it. */
  readonly opens?: number | undefined
  /** No certificate from it on. */
  readonly closes?: number | undefined
  /** Key identifier of the one PAI of the order, hexadecimal; absent before its first certificate. */
  readonly issuerKeyId?: string | undefined
  readonly createdAt: number
}

/** Every number of a pool below `next` is accounted for: `issued` to a live unit, `void`, or `held`. */
export interface SerialPool {
  readonly name: string
  readonly pattern: string
  readonly next: number
  readonly issued: number
  readonly void: number
  /** Promised to units of batches that are not generated yet. */
  readonly held: number
}

/** Without the document: only its hash is ever compared. */
export const orderColumns = [
  'id',
  'policy',
  'vendor_id',
  'product_id',
  'quantity',
  'units_reserved',
  'certificate_limit',
  'certificates_used',
  'state',
  'paused',
  'stations',
  'opens_at',
  'closes_at',
  'issuer_key_id',
  'created_at',
] as const

const orderById = statement((db, { orderId }: Values<{ orderId: string }>) =>
  db.selectFrom('work_order').select(orderColumns).where('id', '=', orderId),
)

/** The counters of an order, as they stand. */
export type OrderRow = Pick<WorkOrderRow, (typeof orderColumns)[number]>

/** Records an order with its pool. The same order again changes nothing. Returns whether it is new. */
export async function createOrder({ tx, now, note }: Act, order: AnyOrder): Promise<boolean> {
  const document = canonicalJson(order)
  const documentSha256 = toHex(sha256(encodeUtf8(document)))
  const known = await tx
    .selectFrom('work_order')
    .select('document_sha256')
    .where('id', '=', order.id)
    .executeTakeFirst()
  if (known?.document_sha256 === documentSha256) return false
  if (known !== undefined) {
    throw new LedgerError(
      'LEDGER_ORDER_DIFFERS',
      `work order ${order.id} is recorded with SHA-256 ${known.document_sha256}, this one has ${documentSha256}`,
    )
  }
  await requireNeverLost(tx, order.id)
  const product = order.platform === 'u3' ? noProduct : order.product
  await ensurePool(tx, order.serialNumbers.pool, order.serialNumbers.pattern)
  await tx
    .insertInto('work_order')
    .values({
      id: order.id,
      document,
      document_sha256: documentSha256,
      policy: order.policy,
      vendor_id: product.vendorId,
      product_id: product.productId,
      pool: order.serialNumbers.pool,
      quantity: order.quantity,
      units_reserved: 0,
      last_sequence: 0,
      certificate_limit: order.certificateLimit ?? order.quantity,
      certificates_used: 0,
      state: 'open',
      paused: 0,
      stations: order.stations === undefined ? null : canonicalJson(order.stations),
      opens_at: momentOf(order.opens),
      closes_at: momentOf(order.closes),
      issuer_key_id: null,
      created_at: now,
    })
    .execute()
  await note('order.created', {
    order: order.id,
    sha256: documentSha256,
    policy: order.policy,
    quantity: order.quantity,
    certificateLimit: order.certificateLimit ?? order.quantity,
    pool: order.serialNumbers.pool,
  })
  return true
}

/** Of boards without Matter: an id that Matter gives to nobody. */
const noProduct = { vendorId: 0, productId: 0 }

/** An order that an old backup did not have would begin its quota anew. */
async function requireNeverLost(tx: Act['tx'], orderId: string): Promise<void> {
  if ((await lostValue(tx, 'order', orderId)) === undefined) return
  throw new LedgerError(
    'LEDGER_ORDER_DIFFERS',
    `work order ${orderId} was lost when the ledger was restored; what it had used up is not known any more`,
  )
}

async function ensurePool(tx: Act['tx'], name: string, pattern: string): Promise<void> {
  checkSerialPattern(pattern)
  const pool = await tx
    .selectFrom('serial_pool')
    .select('pattern')
    .where('name', '=', name)
    .executeTakeFirst()
  if (pool === undefined) {
    const next = (await lostValue(tx, 'pool', name)) ?? 1
    await tx.insertInto('serial_pool').values({ name, pattern, next }).execute()
  } else if (pool.pattern !== pattern) {
    throw new LedgerError(
      'LEDGER_SERIAL_PATTERN',
      `serial pool ${name} has pattern ${JSON.stringify(pool.pattern)}, the order ${JSON.stringify(pattern)}`,
    )
  }
}

function momentOf(text: string | undefined): number | null {
  return text === undefined ? null : Date.parse(text)
}

/** No unit and no certificate comes from a closed order. Closing again changes nothing. */
export async function closeOrder({ tx, note }: Act, orderId: string): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('work_order')
    .set({ state: 'closed' })
    .where('id', '=', orderId)
    .where('state', '=', 'open')
    .executeTakeFirst()
  if (numUpdatedRows === 1n) await note('order.closed', { order: orderId })
  else await orderRow(tx, orderId)
}

/** Lets an open order stand still, or go on. Said again it changes nothing. */
export async function pauseOrder({ tx, note }: Act, orderId: string, paused: 0 | 1): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('work_order')
    .set({ paused })
    .where('id', '=', orderId)
    .where('state', '=', 'open')
    .where('paused', '!=', paused)
    .executeTakeFirst()
  if (numUpdatedRows === 1n) {
    await note(paused === 1 ? 'order.paused' : 'order.resumed', { order: orderId })
    return
  }
  const row = await orderRow(tx, orderId)
  if (row.state === 'closed') throw closedOrder(orderId)
}

export async function findOrder(
  db: Kysely<Tables>,
  orderId: string,
): Promise<OrderStatus | undefined> {
  const [row] = await orderById(db, { orderId })
  return row && statusOf(row)
}

/** Every order, the oldest first. */
export async function allOrders(db: Kysely<Tables>): Promise<readonly OrderStatus[]> {
  const rows = await db
    .selectFrom('work_order')
    .select(orderColumns)
    .orderBy('created_at')
    .orderBy('id')
    .execute()
  return rows.map(statusOf)
}

export function statusOf(row: OrderRow): OrderStatus {
  return {
    orderId: row.id,
    vendorId: row.vendor_id,
    productId: row.product_id,
    policy: row.policy,
    state: row.state === 'open' && row.paused === 1 ? 'paused' : row.state,
    quantity: row.quantity,
    unitsReserved: row.units_reserved,
    certificateLimit: row.certificate_limit,
    certificatesUsed: row.certificates_used,
    ...(row.stations === null ? {} : { stations: stationsOf(row, row.stations) }),
    ...(row.opens_at === null ? {} : { opens: row.opens_at }),
    ...(row.closes_at === null ? {} : { closes: row.closes_at }),
    ...(row.issuer_key_id === null ? {} : { issuerKeyId: row.issuer_key_id }),
    createdAt: row.created_at,
  }
}

const Stations = z.array(z.string())

function stationsOf({ id }: Pick<OrderRow, 'id'>, text: string): readonly string[] {
  return Stations.parse(parseJson(text, `stations of work order ${id}`))
}

/** The document as it was recorded; it needs no defaults any more. */
export async function recordedOrder(
  db: Kysely<Tables>,
  orderId: string,
): Promise<AnyOrder | undefined> {
  const row = await db
    .selectFrom('work_order')
    .select('document')
    .where('id', '=', orderId)
    .executeTakeFirst()
  if (row === undefined) return undefined
  return AnyOrder.parse(parseJson(row.document, `work order ${orderId}`))
}

/** @throws LedgerError `LEDGER_ORDER_UNKNOWN` */
export async function orderRow(db: Kysely<Tables>, orderId: string): Promise<OrderRow> {
  const [row] = await orderById(db, { orderId })
  if (row !== undefined) return row
  throw new LedgerError('LEDGER_ORDER_UNKNOWN', `work order ${orderId} is not in the ledger`)
}

/** @throws LedgerError `LEDGER_ORDER_CLOSED`, `LEDGER_ORDER_PAUSED` */
export function requireOpen(row: Pick<OrderRow, 'id' | 'state' | 'paused'>): void {
  if (row.state === 'closed') throw closedOrder(row.id)
  if (row.paused === 1) {
    throw new LedgerError('LEDGER_ORDER_PAUSED', `work order ${row.id} is paused`)
  }
}

/** @throws LedgerError `LEDGER_ORDER_WINDOW` */
export function requireTime(
  row: Pick<OrderRow, 'id' | 'opens_at' | 'closes_at'>,
  now: number,
): void {
  const isEarly = row.opens_at !== null && now < row.opens_at
  const isLate = row.closes_at !== null && now >= row.closes_at
  if (!isEarly && !isLate) return
  const [is, opens, closes] = [now, row.opens_at, row.closes_at].map((time) =>
    time === null ? 'any time' : new Date(time).toISOString(),
  )
  const message = `work order ${row.id} is open from ${opens} to ${closes}, and it is ${is}`
  throw new LedgerError('LEDGER_ORDER_WINDOW', message)
}

/** Keeps an order to the PAI of its first certificate. @throws LedgerError `LEDGER_ORDER_PAI` */
export function requirePai(
  { id, issuer_key_id: pai }: Pick<OrderRow, 'id' | 'issuer_key_id'>,
  keyId: string,
): void {
  if (pai === null || pai === keyId) return
  const message = `work order ${id} was begun with PAI ${pai}, not with ${keyId}`
  throw new LedgerError('LEDGER_ORDER_PAI', message)
}

/** Writes down with which PAI an order was begun. */
export const keepPai = statement(
  (db, { orderId, issuerKeyId }: Values<{ orderId: string; issuerKeyId: string }>) =>
    db
      .updateTable('work_order')
      .set({ issuer_key_id: issuerKeyId })
      .where('id', '=', orderId)
      .where('issuer_key_id', 'is', null),
)

/** @throws LedgerError `LEDGER_STATION_REFUSED` */
export function requireStation(
  row: Pick<OrderRow, 'id' | 'stations'>,
  stationId: string | undefined,
): void {
  if (row.stations === null) return
  const stations = stationsOf(row, row.stations)
  if (stationId !== undefined && stations.includes(stationId)) return
  const asked = stationId === undefined ? 'the request names none' : `not to ${stationId}`
  const message = `work order ${row.id} belongs to ${stations.join(', ')}; ${asked}`
  throw new LedgerError('LEDGER_STATION_REFUSED', message)
}

function closedOrder(orderId: string): LedgerError {
  return new LedgerError('LEDGER_ORDER_CLOSED', `work order ${orderId} is closed`)
}

export async function findPool(db: Kysely<Tables>, name: string): Promise<SerialPool | undefined> {
  const pool = await db
    .selectFrom('serial_pool')
    .selectAll()
    .where('name', '=', name)
    .executeTakeFirst()
  if (pool === undefined) return undefined
  const counts = await db
    .selectFrom('unit')
    .select((eb) => ['live', eb.fn.countAll<number>().as('count')])
    .where('pool', '=', name)
    .groupBy('live')
    .execute()
  const countOf = (live: number): number => counts.find((row) => row.live === live)?.count ?? 0
  const batches = await db
    .selectFrom('batch')
    .innerJoin('work_order', 'work_order.id', 'batch.order_id')
    .select(['batch.units', 'batch.recorded'])
    .where('work_order.pool', '=', name)
    .whereRef('batch.recorded', '<', 'batch.units')
    .execute()
  const held = batches.reduce((sum, { units, recorded }) => sum + units - recorded, 0)
  return { ...pool, issued: countOf(1), void: countOf(0), held }
}
