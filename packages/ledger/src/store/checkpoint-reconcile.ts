import type { Kysely } from 'kysely'
import type { LedgerTransaction } from '../database/database.ts'
import type { Tables } from '../database/schema.ts'
import type { Marks, OrderMark } from './checkpoint-marks.ts'

/** One counter that a restored ledger must be lifted to, so that it gives nothing out a second time. */
export interface Lift {
  readonly kind: 'order' | 'pool' | 'crl' | 'lost order'
  readonly name: string
  readonly from: number
  readonly to: number
}

interface OrderLift {
  readonly id: string
  /** False when the ledger does not have the order. */
  readonly isKnown: boolean
  readonly pool: string
  readonly certificates: { readonly from: number; readonly to: number }
  readonly sequence: { readonly from: number; readonly to: number }
}

/** What must be lifted to reach the marks; none when the ledger stands at or beyond all of them. */
export async function liftsOf(db: Kysely<Tables>, marks: Marks): Promise<readonly Lift[]> {
  const orders = await orderLifts(db, marks)
  return [
    ...orders.map(({ id, isKnown, certificates: { from, to } }): Lift => {
      return { kind: isKnown ? 'order' : 'lost order', name: id, from, to }
    }),
    ...(await poolLifts(db, orders)),
    ...(await crlLifts(db, marks)),
  ]
}

/** The counters behind the marks as they stand in a ledger that lacks nothing: all that a mark must say for now. */
export async function actualMarks(db: Kysely<Tables>, marks: Marks): Promise<Marks> {
  const orders = await db
    .selectFrom('work_order')
    .select(['id', 'pool', 'certificates_used', 'last_sequence'])
    .execute()
  const lists = await db.selectFrom('revocation_list').select(['issuer_key_id', 'number']).execute()
  const actual: Marks = {
    orders: Object.fromEntries(
      orders
        .filter(({ id }) => marks.orders[id] !== undefined)
        .map(({ id, pool, certificates_used: certificates, last_sequence: sequence }) => [
          id,
          { pool, certificates, sequence },
        ]),
    ),
    crls: Object.fromEntries(
      lists
        .filter(({ issuer_key_id: id }) => marks.crls[id] !== undefined)
        .map(({ issuer_key_id: id, number }) => [id, number]),
    ),
  }
  return { orders: { ...marks.orders, ...actual.orders }, crls: { ...marks.crls, ...actual.crls } }
}

/** Lifts the counters; numbers and quota between are burnt. An order that is lost may not be recorded again. */
export async function applyLifts(tx: LedgerTransaction, marks: Marks): Promise<readonly Lift[]> {
  const lifts = await liftsOf(tx, marks)
  for (const order of await orderLifts(tx, marks)) {
    if (order.isKnown) await liftOrder(tx, order)
    else await noteLost(tx, 'order', order.id, Math.max(1, order.certificates.to))
  }
  for (const { kind, name, to } of lifts) {
    if (kind === 'pool') await liftPool(tx, name, to)
    if (kind === 'crl') await liftCrl(tx, name, to)
  }
  return lifts
}

async function orderLifts(db: Kysely<Tables>, marks: Marks): Promise<readonly OrderLift[]> {
  const rows = await db
    .selectFrom('work_order')
    .select(['id', 'pool', 'certificates_used', 'certificate_limit', 'last_sequence'])
    .execute()
  const known = new Map(rows.map((row) => [row.id, row]))
  const lost = new Set(await lostNames(db, 'order'))
  const lifts: OrderLift[] = []
  for (const [id, mark] of Object.entries(marks.orders)) {
    const row = known.get(id)
    if (row === undefined) {
      if (!lost.has(id)) lifts.push(lostOrder(id, mark))
      continue
    }
    // The lease of a mark ends where the order does.
    const used = Math.min(mark.certificates, row.certificate_limit)
    const burnt = Math.max(0, used - row.certificates_used)
    // A remote unit takes a place in the sequence with its first certificate, and no record of its own.
    const sequence = Math.max(mark.sequence, row.last_sequence + burnt)
    if (burnt === 0 && sequence === row.last_sequence) continue
    lifts.push({
      id,
      isKnown: true,
      pool: row.pool,
      certificates: { from: row.certificates_used, to: row.certificates_used + burnt },
      sequence: { from: row.last_sequence, to: sequence },
    })
  }
  return lifts
}

function lostOrder(id: string, { pool = '', certificates, sequence }: OrderMark): OrderLift {
  return {
    id,
    isKnown: false,
    pool,
    certificates: { from: 0, to: certificates },
    sequence: { from: 0, to: Math.max(sequence, certificates) },
  }
}

/** Each place in the sequence of an order took one number of its pool at most. */
async function poolLifts(
  db: Kysely<Tables>,
  orders: readonly OrderLift[],
): Promise<readonly Lift[]> {
  const burnt = new Map<string, number>()
  for (const { pool, sequence } of orders) {
    const count = sequence.to - sequence.from
    if (pool !== '' && count > 0) burnt.set(pool, (burnt.get(pool) ?? 0) + count)
  }
  const rows = await db.selectFrom('serial_pool').select(['name', 'next']).execute()
  const next = new Map(rows.map((row) => [row.name, row.next]))
  return [...burnt].map(([name, count]) => {
    const from = next.get(name) ?? 1
    return { kind: 'pool', name, from, to: from + count }
  })
}

async function crlLifts(db: Kysely<Tables>, marks: Marks): Promise<readonly Lift[]> {
  const rows = await db.selectFrom('revocation_list').select(['issuer_key_id', 'number']).execute()
  const numbers = new Map(rows.map((row) => [row.issuer_key_id, row.number]))
  return Object.entries(marks.crls)
    .map(([name, to]): Lift => ({ kind: 'crl', name, from: numbers.get(name) ?? 0, to }))
    .filter(({ from, to }) => from < to)
}

async function liftOrder(tx: LedgerTransaction, lift: OrderLift): Promise<void> {
  const burnt = lift.sequence.to - lift.sequence.from
  await tx
    .updateTable('work_order')
    .set((eb) => ({
      certificates_used: lift.certificates.to,
      last_sequence: lift.sequence.to,
      units_reserved: eb
        .case()
        .when(eb(eb('units_reserved', '+', burnt), '>', eb.ref('quantity')))
        .then(eb.ref('quantity'))
        .else(eb('units_reserved', '+', burnt))
        .end(),
    }))
    .where('id', '=', lift.id)
    .execute()
}

async function liftPool(tx: LedgerTransaction, name: string, next: number): Promise<void> {
  const lifted = await tx
    .updateTable('serial_pool')
    .set({ next })
    .where('name', '=', name)
    .returning('name')
    .executeTakeFirst()
  if (lifted === undefined) await noteLost(tx, 'pool', name, next)
}

async function liftCrl(tx: LedgerTransaction, issuerKeyId: string, number: number): Promise<void> {
  await tx
    .insertInto('revocation_list')
    .values({ issuer_key_id: issuerKeyId, number, revocations: 0 })
    .onConflict((conflict) => conflict.column('issuer_key_id').doUpdateSet({ number }))
    .execute()
}

async function noteLost(
  tx: LedgerTransaction,
  kind: 'order' | 'pool',
  name: string,
  value: number,
): Promise<void> {
  await tx
    .insertInto('lost')
    .values({ kind, name, value })
    .onConflict((conflict) => conflict.columns(['kind', 'name']).doUpdateSet({ value }))
    .execute()
}

async function lostNames(db: Kysely<Tables>, kind: 'order' | 'pool'): Promise<readonly string[]> {
  const rows = await db.selectFrom('lost').select('name').where('kind', '=', kind).execute()
  return rows.map(({ name }) => name)
}

/** What the ledger had under this name before it was restored; `undefined` when nothing is known to be lost. */
export async function lostValue(
  db: Kysely<Tables>,
  kind: 'order' | 'pool',
  name: string,
): Promise<number | undefined> {
  const row = await db
    .selectFrom('lost')
    .select('value')
    .where('kind', '=', kind)
    .where('name', '=', name)
    .executeTakeFirst()
  return row?.value
}

export async function epochOf(db: Kysely<Tables>): Promise<number> {
  const head = await db
    .selectFrom('ledger_head')
    .select('epoch')
    .where('id', '=', 1)
    .executeTakeFirstOrThrow()
  return head.epoch
}

/** Ids of all who keep a checkpoint. */
export async function holdersOf(db: Kysely<Tables>): Promise<readonly string[]> {
  const rows = await db.selectFrom('checkpoint_holder').select('id').orderBy('id').execute()
  return rows.map(({ id }) => id)
}
