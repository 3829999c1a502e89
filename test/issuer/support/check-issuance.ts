import { createHash, X509Certificate } from 'node:crypto'
import { chainStart, linkHash } from '../../checker/output/chain.ts'
import type { CertificateRow, LedgerRows } from './ledger-rows.ts'

/** What a caller holds of one board when all is over. */
export interface HeldBoard {
  readonly unitId: string
  readonly serialNumber: string
  /** SubjectPublicKeyInfo DER of the board's key. */
  readonly spki: Uint8Array
  /** Every certificate that it was ever answered with, DER. */
  readonly answers: readonly Uint8Array[]
}

export interface IssuanceEvidence {
  readonly ledger: LedgerRows
  readonly held: readonly HeldBoard[]
  /** Boards that were refused for want of quota. */
  readonly refused: readonly string[]
  /** Certificate of the PAI, PEM. */
  readonly pai: string
  /** The audit log as a server exports it, JSON lines. */
  readonly audit: string
}

/**
 * Decides whether each board has exactly one certificate, whatever was lost on the way. Knows nothing of the product: it
 * reads rows, certificates and the audit log by other code. Empty when all is well.
 */
export function issuanceViolations(evidence: IssuanceEvidence): readonly string[] {
  return [
    ...heldViolations(evidence),
    ...certificateViolations(evidence),
    ...quotaViolations(evidence),
    ...auditViolations(evidence),
  ]
}

const sha256 = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex')

/** Callers hold one certificate each, of their own key, and the ledger has it. */
function heldViolations({ held, ledger, pai }: IssuanceEvidence): readonly string[] {
  const authority = new X509Certificate(pai)
  const rows = new Map(ledger.certificates.map((row) => [row.sha256, row]))
  return held.flatMap(({ unitId, serialNumber, spki, answers }) => {
    const found: string[] = []
    const [first] = answers
    if (first === undefined) return [`${unitId} has no certificate`]
    if (new Set(answers.map(sha256)).size > 1) found.push(`${unitId} was answered differently`)
    const row = rows.get(sha256(first))
    if (row === undefined) found.push(`the ledger lacks the certificate of ${unitId}`)
    else if (row.unit_id !== unitId) found.push(`${unitId} holds that of ${row.unit_id}`)
    const certificate = new X509Certificate(first)
    const key = certificate.publicKey.export({ format: 'der', type: 'spki' })
    if (Buffer.compare(key, spki) !== 0) found.push(`${unitId} holds one of another key`)
    if (!certificate.verify(authority.publicKey)) found.push(`${unitId}: the PAI did not sign it`)
    if (!certificate.subject.includes(serialNumber)) found.push(`${unitId} has another name`)
    return found
  })
}

/** One certificate a board, no key, serial number or idempotency key twice, and each row says what its DER says. */
function certificateViolations({ ledger, held }: IssuanceEvidence): readonly string[] {
  const { certificates, units } = ledger
  const asked = new Set(held.map(({ unitId }) => unitId))
  return [
    ...certificates.filter(({ unit_id }) => !asked.has(unit_id)).map((row) => unasked(row)),
    ...twice('unit', certificates, (row) => row.unit_id),
    ...twice('serial number', certificates, (row) => row.serial_number),
    ...twice('key', certificates, (row) => row.spki_sha256),
    ...twice('idempotency key', certificates, (row) => row.idempotency_key),
    ...twice('device serial number', units, (row) => row.serial_number),
    ...certificates.flatMap(rowViolations),
  ]
}

const unasked = ({ unit_id }: CertificateRow): string => `${unit_id} has one that nobody holds`

function rowViolations(row: CertificateRow): readonly string[] {
  const { publicKey, serialNumber } = new X509Certificate(row.der)
  const says = [
    row.sha256 === sha256(row.der),
    row.spki_sha256 === sha256(publicKey.export({ format: 'der', type: 'spki' })),
    BigInt(`0x${row.serial_number}`) === BigInt(`0x${serialNumber}`),
  ]
  return says.every(Boolean) ? [] : [`the row of ${row.unit_id} does not say what its DER says`]
}

function twice<T>(
  what: string,
  rows: readonly T[],
  valueOf: (row: T) => string,
): readonly string[] {
  const seen = new Set<string>()
  return rows.map(valueOf).flatMap((value) => {
    if (seen.has(value)) return [`the ${what} ${value} is there twice`]
    seen.add(value)
    return []
  })
}

/** Used is what was issued, numbered without gaps; nobody was refused before all was used. */
function quotaViolations({ ledger, refused }: IssuanceEvidence): readonly string[] {
  const { certificate_limit: limit, certificates_used: used } = ledger.order
  const { certificates } = ledger
  const found: string[] = []
  if (used > limit) found.push(`${used} of ${limit} certificates are used`)
  if (used !== certificates.length) {
    found.push(`${used} certificates are used, ${certificates.length} are there`)
  }
  if (certificates.some((row, place) => row.quota_number !== place + 1)) {
    found.push('the quota numbers have a gap')
  }
  if (refused.length > 0 && used < limit) found.push(`${refused.length} were refused too early`)
  const issued = new Set(certificates.map(({ unit_id }) => unit_id))
  return [...found, ...refused.filter((id) => issued.has(id)).map((id) => `${id} was refused`)]
}

/** The exported log is the whole chain of the ledger, and names each certificate once. */
function auditViolations({ ledger, audit }: IssuanceEvidence): readonly string[] {
  const records = audit.trimEnd().split('\n').map(recordOf)
  const found: string[] = []
  let hash = chainStart
  for (const [place, record] of records.entries()) {
    hash = linkHash(hash, record)
    if (record['seq'] === place + 1 && record['hash'] === hash) continue
    found.push(`the audit log breaks at ${place + 1}`)
    break
  }
  const { audit_seq: seq, audit_hash: end } = ledger.head
  if (seq !== records.length || end !== hash) found.push(`the audit log does not end at ${seq}`)
  if (ledger.audit.length !== seq)
    found.push(`the ledger has ${ledger.audit.length} of ${seq} records`)
  const noted = records.flatMap(({ type, data }) => {
    if (type !== 'certificate.issued') return []
    const { order, certificate } = recordOf(data)
    return order === ledger.order.id ? [String(certificate)] : []
  })
  const issued = ledger.certificates.map((row) => row.sha256)
  if (noted.toSorted().join() !== issued.toSorted().join()) {
    found.push(`the audit log names ${noted.length} certificates, ${issued.length} are there`)
  }
  return found
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  const record: unknown = typeof value === 'string' ? JSON.parse(value) : value
  if (typeof record !== 'object' || record === null) throw new TypeError('a record is no object')
  return Object.fromEntries(Object.entries(record))
}
