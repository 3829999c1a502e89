import { canonicalJson, encodeUtf8, parseJson, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { Kysely } from 'kysely'
import type { Tables, WorkOrderRow } from '../database/schema.ts'
import { statement, type Values } from '../database/statement.ts'
import { LedgerError } from '../errors.ts'
import { WorkOrder } from '../records/index.ts'
import type { Act } from './act.ts'
import { checkSerialPattern } from './serial-number.ts'

/** What the ledger knows of a work order's counters. */
export interface OrderStatus {
  readonly orderId: string
  readonly vendorId: number
  readonly productId: number
  readonly policy: 'test' | 'production'
  readonly state: 'open' | 'closed'
  readonly quantity: number
  /** Units that are open or made; FAIL and ERROR give their place back. */
  readonly unitsReserved: number
  readonly certificateLimit: number
  readonly certificatesUsed: number
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
const orderById = statement((db, { orderId }: Values<{ orderId: string }>) =>
  db
    .selectFrom('work_order')
    .select([
      'id',
      'policy',
      'vendor_id',
      'product_id',
      'quantity',
      'units_reserved',
      'certificate_limit',
      'certificates_used',
      'state',
    ])
    .where('id', '=', orderId),
)

/** The counters of an order, as they stand. */
export type OrderRow = Omit<
  WorkOrderRow,
  'document' | 'document_sha256' | 'pool' | 'last_sequence' | 'created_at'
>

/** Records an order with its pool. The same order again changes nothing. Returns whether it is new. */
export async function createOrder({ tx, now, note }: Act, order: WorkOrder): Promise<boolean> {
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
  await ensurePool(tx, order.serialNumbers.pool, order.serialNumbers.pattern)
  await tx
    .insertInto('work_order')
    .values({
      id: order.id,
      document,
      document_sha256: documentSha256,
      policy: order.policy,
      vendor_id: order.product.vendorId,
      product_id: order.product.productId,
      pool: order.serialNumbers.pool,
      quantity: order.quantity,
      units_reserved: 0,
      last_sequence: 0,
      certificate_limit: order.certificateLimit ?? order.quantity,
      certificates_used: 0,
      state: 'open',
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

async function ensurePool(tx: Act['tx'], name: string, pattern: string): Promise<void> {
  checkSerialPattern(pattern)
  const pool = await tx
    .selectFrom('serial_pool')
    .select('pattern')
    .where('name', '=', name)
    .executeTakeFirst()
  if (pool === undefined) {
    await tx.insertInto('serial_pool').values({ name, pattern, next: 1 }).execute()
  } else if (pool.pattern !== pattern) {
    throw new LedgerError(
      'LEDGER_SERIAL_PATTERN',
      `serial pool ${name} has pattern ${JSON.stringify(pool.pattern)}, the order ${JSON.stringify(pattern)}`,
    )
  }
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

export async function findOrder(
  db: Kysely<Tables>,
  orderId: string,
): Promise<OrderStatus | undefined> {
  const [row] = await orderById(db, { orderId })
  if (row === undefined) return undefined
  return {
    orderId: row.id,
    vendorId: row.vendor_id,
    productId: row.product_id,
    policy: row.policy,
    state: row.state,
    quantity: row.quantity,
    unitsReserved: row.units_reserved,
    certificateLimit: row.certificate_limit,
    certificatesUsed: row.certificates_used,
  }
}

/** The document as it was recorded; it needs no defaults any more. */
export async function recordedOrder(
  db: Kysely<Tables>,
  orderId: string,
): Promise<WorkOrder | undefined> {
  const row = await db
    .selectFrom('work_order')
    .select('document')
    .where('id', '=', orderId)
    .executeTakeFirst()
  if (row === undefined) return undefined
  return WorkOrder.parse(parseJson(row.document, `work order ${orderId}`))
}

/** @throws LedgerError `LEDGER_ORDER_UNKNOWN` */
export async function orderRow(db: Kysely<Tables>, orderId: string): Promise<OrderRow> {
  const [row] = await orderById(db, { orderId })
  if (row !== undefined) return row
  throw new LedgerError('LEDGER_ORDER_UNKNOWN', `work order ${orderId} is not in the ledger`)
}

/** @throws LedgerError `LEDGER_ORDER_CLOSED` */
export function requireOpen(row: OrderRow): void {
  if (row.state === 'open') return
  throw new LedgerError('LEDGER_ORDER_CLOSED', `work order ${row.id} is closed`)
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
