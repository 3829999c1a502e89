import { RecordTag } from '../output/board-flash.ts'
import { sha256Hex } from '../output/octets.ts'
import { isCorrupted, recordsOf, type Outputs } from '../output/outputs.ts'
import type { Violation } from '../violation.ts'
import { AuditIndex } from './audit-index.ts'

/** P2: what left the issuer, was consumed or was decided stands in the ledger, and was written down before. */
export function checkNothingLost(outputs: Outputs): readonly Violation[] {
  return [
    ...checkCertificates(outputs),
    ...checkIntents(outputs),
    ...checkVerdicts(outputs),
    ...checkAudited(outputs),
  ]
}

/** Each certificate that is anywhere is in the ledger. */
function checkCertificates(outputs: Outputs): readonly Violation[] {
  const known = new Set(outputs.ledger.certificates.map((row) => sha256Hex(row.der)))
  const lost = (place: string, sha256: string): readonly Violation[] =>
    known.has(sha256)
      ? []
      : [{ promise: 'P2', place, message: `certificate ${sha256} is not in the ledger` }]
  const onBoards = outputs.boards.flatMap((board) => {
    const dac = recordsOf(outputs, board).get(RecordTag.dac)
    return dac === undefined || isCorrupted(outputs, board)
      ? []
      : lost(`board ${board.uid}`, sha256Hex(dac))
  })
  const inJournal = outputs.journal.lines
    .filter(({ type, step }) => type === 'outcome' && step === 'issue')
    .flatMap(({ seq, data }) => lost(`journal record ${seq}`, String(data['certificate'])))
  const inResults = [...outputs.results.values()].flatMap(({ units, manifest }) => [
    ...units.flatMap(({ folder, chain, passport }) => [
      ...chain.slice(0, 1).flatMap((dac) => lost(folder, sha256Hex(dac))),
      ...(passport?.certificates ?? []).flatMap(({ sha256 }) => lost(folder, sha256)),
    ]),
    ...(manifest?.units ?? []).flatMap(({ serialNumber, certificate }) =>
      certificate === undefined ? [] : lost(`manifest, unit ${serialNumber}`, certificate.sha256),
    ),
  ])
  return [...onBoards, ...inJournal, ...inResults]
}

/** The journal is written ahead: each certificate, COMMIT and verdict has its intent. */
function checkIntents(outputs: Outputs): readonly Violation[] {
  const { ledger, journal } = outputs
  const intents = journal.lines.filter(({ type }) => type === 'intent')
  const has = (step: string, unit: string, member: string, value: string): boolean =>
    intents.some((line) => line.step === step && line.unit === unit && line.data[member] === value)
  const ofCertificates = ledger.certificates
    .filter((row) => !has('issue', row.unit_id, 'idempotencyKey', row.idempotency_key))
    .map((row) => withoutIntent(`certificate ${row.sha256}`, 'issue'))
  const ofVerdicts = ledger.verdicts
    .filter((row) => !has('decide', row.unit_id, 'verdict', row.verdict))
    .map((row) => withoutIntent(`verdict of unit ${row.unit_id}`, 'decide'))
  const ofBoards = outputs.boards.flatMap((board) => {
    const dac = recordsOf(outputs, board).get(RecordTag.dac)
    const row = ledger.certificates.find(
      ({ der }) => dac !== undefined && Buffer.compare(der, dac) === 0,
    )
    if (row === undefined || has('commit', row.unit_id, 'certificate', row.sha256)) return []
    return [withoutIntent(`board ${board.uid}`, 'commit')]
  })
  return [...ofCertificates, ...ofVerdicts, ...ofBoards]
}

function withoutIntent(place: string, step: string): Violation {
  return { promise: 'P2', place, message: `the journal has no intent "${step}" for it` }
}

/** Each verdict that the journal reports is the ledger's. */
function checkVerdicts({ ledger, journal }: Outputs): readonly Violation[] {
  const audit = new AuditIndex(ledger.audit)
  const last = new Map<string, { readonly seq: number; readonly verdict: string }>()
  const violations: Violation[] = []
  for (const { type, unit = '', seq, data } of journal.lines) {
    if (type !== 'decided') continue
    const verdict = String(data['verdict'])
    last.set(unit, { seq, verdict })
    if (audit.has('unit.decided', { unit, verdict })) continue
    const message = `verdict ${verdict} of unit ${unit} is not in the audit log`
    violations.push({ promise: 'P2', place: `journal record ${seq}`, message })
  }
  for (const [unit, { seq, verdict }] of last) {
    const found = ledger.verdicts.find((row) => row.unit_id === unit)?.verdict
    // The ledger may be one verdict ahead: it is written first.
    if (found === verdict || (found !== undefined && verdict === 'QUARANTINE')) continue
    const message = `verdict ${verdict} of unit ${unit} is ${found ?? 'nothing'} in the ledger`
    violations.push({ promise: 'P2', place: `journal record ${seq}`, message })
  }
  return violations
}

/** Each row of the ledger has its audit record, and each record its row. */
function checkAudited({ ledger }: Outputs): readonly Violation[] {
  const audit = new AuditIndex(ledger.audit)
  const violations: Violation[] = []
  const require = (place: string, type: string, data: Readonly<Record<string, string>>): void => {
    if (audit.has(type, data)) return
    violations.push({ promise: 'P2', place, message: `the audit log has no ${type} for it` })
  }
  for (const unit of ledger.units) {
    require(`unit ${unit.id}`, 'unit.reserved', { unit: unit.id, serialNumber: unit.serial_number })
    if (unit.board_uid !== null) {
      require(`unit ${unit.id}`, 'unit.bound', { unit: unit.id, board: unit.board_uid })
    }
  }
  for (const row of ledger.certificates) {
    const place = `certificate ${row.sha256}`
    require(place, 'certificate.issued', { certificate: row.sha256, unit: row.unit_id })
    if (row.state === 'void') require(place, 'certificate.voided', { certificate: row.sha256 })
  }
  for (const { unit_id: unit, verdict } of ledger.verdicts) {
    require(`unit ${unit}`, 'unit.decided', { unit, verdict })
  }
  const counts: readonly (readonly [type: string, rows: number])[] = [
    ['unit.reserved', ledger.units.length],
    ['certificate.issued', ledger.certificates.length],
    ['certificate.voided', ledger.certificates.filter((row) => row.state === 'void').length],
  ]
  for (const [type, rows] of counts) {
    const count = audit.count(type)
    if (count === rows) continue
    violations.push({
      promise: 'P2',
      place: type,
      message: `${count} in the audit log, ${rows} rows`,
    })
  }
  return violations
}
