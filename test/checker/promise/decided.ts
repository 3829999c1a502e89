import type { Outputs } from '../output/outputs.ts'
import type { Violation } from '../violation.ts'

/** After the last run: every unit is decided, every order is made, and nothing of the dead is alive. */
export function checkDecided(outputs: Outputs): readonly Violation[] {
  const { ledger, results } = outputs
  const verdictOf = new Map(ledger.verdicts.map((row) => [row.unit_id, row.verdict]))
  const violations: Violation[] = []
  for (const unit of ledger.units) {
    const verdict = verdictOf.get(unit.id)
    const isFinal = verdict !== undefined && verdict !== 'QUARANTINE'
    if (isFinal && unit.state === 'decided') continue
    const message = `is ${unit.state}, its verdict is ${verdict ?? 'none'}`
    violations.push({ promise: 'end', place: `unit ${unit.serial_number}`, message })
  }
  for (const row of ledger.certificates) {
    const verdict = verdictOf.get(row.unit_id)
    if (row.state === 'void' || verdict === 'PASS') continue
    const message = `is live, its unit ended as ${verdict ?? 'nothing'}`
    violations.push({ promise: 'P1', place: `certificate ${row.sha256}`, message })
  }
  for (const order of ledger.orders) {
    const made = ledger.units.filter(
      (unit) => unit.order_id === order.id && verdictOf.get(unit.id) === 'PASS',
    )
    const place = `order ${order.id}`
    if (made.length !== order.quantity) {
      const message = `${made.length} units passed, ${order.quantity} are ordered`
      violations.push({ promise: 'end', place, message })
    }
    const folder = results.get(order.id)
    const listed = new Set(folder?.manifest?.units.map(({ unit }) => unit))
    for (const { id, serial_number: serialNumber } of made) {
      const hasPassport = folder?.units.some(({ passport }) => passport?.unit === id) === true
      if (hasPassport && listed.has(id)) continue
      const message = `unit ${serialNumber} passed and is not complete in results and manifest`
      violations.push({ promise: 'end', place, message })
    }
  }
  return violations
}
