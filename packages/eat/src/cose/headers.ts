import { cborExcerpt } from '../cbor/diagnostic.ts'
import { isCborArray, type CborValue } from '../cbor/value.ts'
import type { EatErrorCode } from '../errors.ts'
import { finding, type EatFinding } from '../finding.ts'
import { coseAlgorithm, evidenceAlgorithms, type CoseAlgorithm } from './algorithm.ts'
import type { CoseEnvelope } from './envelope.ts'
import { HeaderLabel, understoodLabels } from './header.ts'

export interface HeaderOptions {
  /** Algorithms that are allowed; those of tokens unless given. */
  readonly algorithms?: readonly CoseAlgorithm[] | undefined
  /** Labels that the caller understands beside those of every envelope. */
  readonly understood?: ReadonlySet<CborValue> | undefined
}

/** What the headers of an envelope say. */
export interface CoseHeaders {
  /** Of the protected header; nothing when there is a finding against it. */
  readonly algorithm: CoseAlgorithm | undefined
  /** A hint for logs, never for the choice of a key. */
  readonly keyId: Uint8Array | undefined
  /** Certificates in DER, the leaf first. */
  readonly certificateChain: readonly Uint8Array[] | undefined
  /** In the order of attestation chapter 12, the first being the primary one. */
  readonly findings: readonly EatFinding[]
}

/** Judges the headers of an envelope: all findings at once, `E_COSE_…`. */
export function readHeaders(envelope: CoseEnvelope, options: HeaderOptions = {}): CoseHeaders {
  const { protectedHeader, unprotectedHeader } = envelope
  const findings: EatFinding[] = []
  const report = (rule: EatErrorCode, field: string, message: string, value?: CborValue): void => {
    const text = value === undefined ? '' : cborExcerpt(value)
    findings.push(finding(rule, { field, value: text, message }))
  }
  const named = protectedHeader.get(HeaderLabel.algorithm)
  if (named === undefined) {
    const elsewhere = unprotectedHeader.get(HeaderLabel.algorithm)
    if (elsewhere === undefined) report('E_COSE_ALG_MISSING', 'alg', 'no header names an algorithm')
    else {
      const message = 'stands in the unprotected header alone, where anyone can change it'
      report('E_COSE_ALG_UNPROTECTED', 'alg', message, elsewhere)
    }
  }
  for (const [label, value] of unprotectedHeader) {
    if (!protectedHeader.has(label)) continue
    report('E_COSE_DUPLICATE_LABEL', labelName(label), 'stands in both headers', value)
  }
  const algorithm = named === undefined ? undefined : allowedAlgorithm(envelope, named, options)
  if (named !== undefined && algorithm === undefined) {
    const message = `is not allowed for a COSE_${envelope.kind === 'sign1' ? 'Sign1' : 'Mac0'}`
    report('E_COSE_ALG_UNSUPPORTED', 'alg', message, named)
  }
  const critical = criticalProblem(envelope, options.understood)
  if (critical !== undefined) report('E_COSE_CRIT', 'crit', critical)
  if (envelope.payload === undefined) {
    report('E_COSE_DETACHED', 'payload', 'is detached; it must be in the message')
  }
  const chain = parameter(envelope, HeaderLabel.certificateChain)
  const certificateChain = chain === undefined ? undefined : certificatesOf(chain)
  if (chain !== undefined && certificateChain === undefined) {
    const message = 'is neither a byte string nor a list of at least one'
    report('E_COSE_X5CHAIN', 'x5chain', message, chain)
  }
  const keyId = parameter(envelope, HeaderLabel.keyId)
  return {
    algorithm,
    keyId: keyId instanceof Uint8Array ? keyId : undefined,
    certificateChain,
    findings,
  }
}

/** A header parameter, wherever it stands; the protected one counts. */
export function parameter(envelope: CoseEnvelope, label: number): CborValue | undefined {
  return envelope.protectedHeader.get(label) ?? envelope.unprotectedHeader.get(label)
}

function allowedAlgorithm(
  { kind }: CoseEnvelope,
  id: CborValue,
  { algorithms = evidenceAlgorithms }: HeaderOptions,
): CoseAlgorithm | undefined {
  const algorithm = coseAlgorithm(id)
  if (algorithm === undefined || algorithm.kind !== kind) return undefined
  return algorithms.includes(algorithm) ? algorithm : undefined
}

function criticalProblem(
  { protectedHeader, unprotectedHeader }: CoseEnvelope,
  alsoUnderstood?: ReadonlySet<CborValue>,
): string | undefined {
  if (unprotectedHeader.has(HeaderLabel.critical)) return 'stands in the unprotected header'
  const critical = protectedHeader.get(HeaderLabel.critical)
  if (critical === undefined) return undefined
  if (!isCborArray(critical) || critical.length === 0) return 'is no list of at least one label'
  for (const label of critical) {
    const isUnderstood = understoodLabels.has(label) || alsoUnderstood?.has(label) === true
    if (!isUnderstood) return `names ${cborExcerpt(label)}, which is not understood`
    if (!protectedHeader.has(label)) return `names ${cborExcerpt(label)}, which is not there`
  }
  return undefined
}

function certificatesOf(chain: CborValue): readonly Uint8Array[] | undefined {
  if (chain instanceof Uint8Array) return [chain]
  if (!isCborArray(chain) || chain.length === 0) return undefined
  const certificates = chain.filter((item) => item instanceof Uint8Array)
  return certificates.length === chain.length ? certificates : undefined
}

function labelName(label: CborValue): string {
  const known = Object.entries(HeaderLabel).find(([, value]) => value === label)
  return known === undefined ? `label ${cborExcerpt(label)}` : known[0]
}
