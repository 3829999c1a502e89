import { chainStart, linkHash } from '../output/chain.ts'
import type { Outputs } from '../output/outputs.ts'
import type { Violation } from '../violation.ts'

/** P7: journal and audit log are whole chains, and the audit log reaches every head that a manifest has seen. */
export function checkHistory({ ledger, journal, results }: Outputs): readonly Violation[] {
  const audit = ledger.audit.map((row) => ({ ...row, data: JSON.parse(row.data) as unknown }))
  const last = ledger.audit.at(-1)
  const violations = [...checkChain('journal', journal.raw), ...checkChain('audit', audit)]
  const { audit_seq: seq, audit_hash: hash } = ledger.head
  if ((last?.seq ?? 0) !== seq || (last?.hash ?? chainStart) !== hash) {
    violations.push({ promise: 'P7', place: 'audit', message: 'its head is not its last record' })
  }
  for (const [order, { manifest }] of results) {
    const seen = manifest?.audit
    if (seen === undefined || seen.seq === 0) continue
    if (ledger.audit[seen.seq - 1]?.hash === seen.hash) continue
    const message = `has seen audit record ${seen.seq}, which is not there`
    violations.push({ promise: 'P7', place: `manifest of ${order}`, message })
  }
  return violations
}

function checkChain(
  name: string,
  records: readonly Readonly<Record<string, unknown>>[],
): Violation[] {
  let previous = chainStart
  for (const [index, record] of records.entries()) {
    const hash = linkHash(previous, record)
    if (record['seq'] !== index + 1 || record['hash'] !== hash) {
      return [{ promise: 'P7', place: `${name} record ${index + 1}`, message: 'breaks the chain' }]
    }
    previous = hash
  }
  return []
}
