import { isCorrupted, type Outputs } from '../output/outputs.ts'
import type { Violation } from '../violation.ts'

/** After the last run: every unit is decided, every order is made, and nothing of the dead is alive. */
export function checkDecided(outputs: Outputs): readonly Violation[] {
  const { ledger, results } = outputs
  const verdictOf = new Map(ledger.verdicts.map((row) => [row.unit_id, row.verdict]))
  const waiting = waitingForPerson(outputs)
  const violations: Violation[] = []
  for (const unit of ledger.units) {
    if (waiting.has(unit.id)) continue
    const verdict = verdictOf.get(unit.id)
    const isFinal = verdict !== undefined && verdict !== 'QUARANTINE'
    if (isFinal && unit.state === 'decided') continue
    const message = `is ${unit.state}, its verdict is ${verdict ?? 'none'}`
    violations.push({ promise: 'end', place: `unit ${unit.serial_number}`, message })
  }
  for (const row of ledger.certificates) {
    const verdict = verdictOf.get(row.unit_id)
    if (row.state === 'void' || verdict === 'PASS' || waiting.has(row.unit_id)) continue
    const message = `is live, its unit ended as ${verdict ?? 'nothing'}`
    violations.push({ promise: 'P1', place: `certificate ${row.sha256}`, message })
  }
  for (const order of ledger.orders) {
    const made = ledger.units.filter(
      (unit) => unit.order_id === order.id && verdictOf.get(unit.id) === 'PASS',
    )
    const place = `order ${order.id}`
    const open = ledger.units.filter((unit) => unit.order_id === order.id && waiting.has(unit.id))
    if (made.length + open.length !== order.quantity) {
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

/**
 * Units in QUARANTINE on a board whose flash a rehearsal changed: what it holds now was never issued, and no run may
 * decide what that means.
 */
function waitingForPerson(outputs: Outputs): ReadonlySet<string> {
  const { units, verdicts } = outputs.ledger
  const corrupted = new Set(
    outputs.boards.filter((board) => isCorrupted(outputs, board)).map(({ uid }) => uid),
  )
  const open = new Set(
    verdicts.filter(({ verdict }) => verdict === 'QUARANTINE').map((row) => row.unit_id),
  )
  return new Set(
    units
      .filter(({ id, board_uid: uid }) => open.has(id) && uid !== null && corrupted.has(uid))
      .map(({ id }) => id),
  )
}
