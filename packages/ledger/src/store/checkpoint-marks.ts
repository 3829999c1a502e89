import { z } from 'zod'
import type { AuditData, AuditType } from '../audit/record.ts'

const count = z.number().int().min(0)

/** What an order has used up at most. */
const OrderMark = z.strictObject({
  /** Pool of its serial numbers, once known. */
  pool: z.string().optional(),
  certificates: count,
  sequence: count,
})
export type OrderMark = z.infer<typeof OrderMark>

/** Upper bounds of what was handed out: no counter of the ledger has ever passed its mark. */
export const Marks = z.strictObject({
  orders: z.record(z.string(), OrderMark),
  /** Number of the last list, by key id of the issuer. */
  crls: z.record(z.string(), count),
})
export type Marks = z.infer<typeof Marks>

export const noMarks: Marks = { orders: {}, crls: {} }

/** How far ahead a mark is set, so that one write to the disk serves that many acts; a restore burns as many at most. */
export const leaseLength = 256

/** The audit records that use up a number, a quota unit or an identity, and what they say of it. */
const uses: Readonly<Partial<Record<AuditType, (data: AuditData) => Marks>>> = {
  'order.created': (data) =>
    ofOrder(data, { pool: textOf(data, 'pool'), certificates: 0, sequence: 0 }),
  'unit.reserved': (data) =>
    ofOrder(data, { certificates: 0, sequence: numberOf(data, 'sequence') }),
  'certificate.issued': (data) =>
    ofOrder(data, { certificates: numberOf(data, 'quotaNumber'), sequence: 0 }),
  'batch.opened': (data) => {
    const others = numberOf(data, 'units') - 1
    return ofOrder(data, {
      certificates: numberOf(data, 'firstQuotaNumber') + others,
      sequence: numberOf(data, 'firstSequence') + others,
    })
  },
  'crl.opened': (data) => ({
    orders: {},
    crls: { [textOf(data, 'issuer')]: numberOf(data, 'number') },
  }),
}

/** What one audit record says was used up. */
export function marksOf(type: AuditType, data: AuditData): Marks {
  return uses[type]?.(data) ?? noMarks
}

function ofOrder(data: AuditData, mark: OrderMark): Marks {
  return { orders: { [textOf(data, 'order')]: mark }, crls: {} }
}

function textOf(data: AuditData, name: string): string {
  const value = data[name]
  return typeof value === 'string' ? value : ''
}

function numberOf(data: AuditData, name: string): number {
  const value = data[name]
  return typeof value === 'number' ? value : 0
}

/** The higher one of each mark. */
export function highest(a: Marks, b: Marks): Marks {
  return {
    orders: mergeWith(a.orders, b.orders, higherOrder),
    crls: mergeWith(a.crls, b.crls, Math.max),
  }
}

/** Marks that grow with each act, at the cost of what the act has used alone. */
export class GrowingMarks {
  readonly #orders: Map<string, OrderMark>
  readonly #crls: Map<string, number>

  constructor({ orders, crls }: Marks) {
    this.#orders = new Map(Object.entries(orders))
    this.#crls = new Map(Object.entries(crls))
  }

  add({ orders, crls }: Marks): void {
    for (const [id, mark] of Object.entries(orders)) {
      const before = this.#orders.get(id)
      this.#orders.set(id, before === undefined ? mark : higherOrder(before, mark))
    }
    for (const [id, number] of Object.entries(crls)) {
      this.#crls.set(id, Math.max(number, this.#crls.get(id) ?? 0))
    }
  }

  now(): Marks {
    return { orders: Object.fromEntries(this.#orders), crls: Object.fromEntries(this.#crls) }
  }
}

function higherOrder(one: OrderMark, two: OrderMark): OrderMark {
  return {
    ...one,
    ...two,
    certificates: Math.max(one.certificates, two.certificates),
    sequence: Math.max(one.sequence, two.sequence),
  }
}

/** True when no value of `used` passes its mark. */
export function areCovered(used: Marks, marks: Marks): boolean {
  return (
    Object.entries(used.orders).every(([id, { pool, certificates, sequence }]) => {
      const mark = marks.orders[id]
      if (mark === undefined || (pool !== undefined && mark.pool !== pool)) return false
      return certificates <= mark.certificates && sequence <= mark.sequence
    }) && Object.entries(used.crls).every(([id, number]) => number <= (marks.crls[id] ?? -1))
  )
}

/** The same values, each a lease ahead where anything is used at all. */
export function ahead(used: Marks): Marks {
  return {
    orders: mapValues(used.orders, (mark) => ({
      ...mark,
      certificates: lease(mark.certificates),
      sequence: lease(mark.sequence),
    })),
    crls: mapValues(used.crls, lease),
  }
}

function lease(value: number): number {
  return value === 0 ? 0 : value + leaseLength
}

function mapValues<T>(from: Readonly<Record<string, T>>, change: (value: T) => T) {
  return Object.fromEntries(Object.entries(from).map(([name, value]) => [name, change(value)]))
}

function mergeWith<T>(
  a: Readonly<Record<string, T>>,
  b: Readonly<Record<string, T>>,
  both: (one: T, two: T) => T,
): Record<string, T> {
  const merged = { ...a }
  for (const [name, two] of Object.entries(b)) {
    const one = merged[name]
    merged[name] = one === undefined ? two : both(one, two)
  }
  return merged
}
