import type { LedgerContent, OrderRow } from '../output/ledger-file.ts'
import type { Violation } from '../violation.ts'
import { AuditIndex } from './audit-index.ts'

/** P5: issued ≤ limit, and the counter of the order is what was issued. The counters of units and serials likewise. */
export function checkQuota(ledger: LedgerContent): readonly Violation[] {
  const audit = new AuditIndex(ledger.audit)
  return [
    ...ledger.orders.flatMap((order) => checkOrder(ledger, audit, order)),
    ...ledger.pools.flatMap(({ name, next }): readonly Violation[] => {
      const taken = ledger.units.filter((unit) => unit.pool === name).length
      if (taken === next - 1) return []
      const message = `the next number is ${next}, ${taken} are taken`
      return [{ promise: 'P5', place: `serial pool ${name}`, message }]
    }),
  ]
}

function checkOrder(
  ledger: LedgerContent,
  audit: AuditIndex,
  order: OrderRow,
): readonly Violation[] {
  const { id, certificates_used: used, certificate_limit: limit } = order
  const numbers = ledger.certificates
    .filter((row) => row.order_id === id)
    .map((row) => row.quota_number)
  const audited = audit.count('certificate.issued', { order: id })
  const live = ledger.units.filter((unit) => unit.order_id === id && unit.live === 1).length
  const messages: string[] = []
  if (used > limit) messages.push(`${used} certificates are issued, the limit is ${limit}`)
  if (!isCountingUp(numbers, used)) {
    messages.push(`the counter says ${used}, the rows are ${numbers.join(' ')}`)
  }
  if (audited !== used) messages.push(`the counter says ${used}, the audit log ${audited}`)
  if (order.units_reserved !== live) {
    messages.push(`${order.units_reserved} units are reserved, ${live} are live`)
  }
  if (live > order.quantity) messages.push(`${live} units are live, ${order.quantity} are ordered`)
  return messages.map((message) => ({ promise: 'P5', place: `order ${id}`, message }))
}

/** True for the numbers 1, 2, 3, … `last` in any order. */
function isCountingUp(numbers: readonly number[], last: number): boolean {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted.length === last && sorted.every((number, index) => number === index + 1)
}
