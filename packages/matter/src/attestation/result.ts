import type { Finding } from '@keyline/bytes'
import type { CertificationDeclaration } from '../declaration/content.ts'
import { attestationRules, SdkResult, type AttestationCheck } from './rules.ts'

/** What a failed check tells; every part but the check is for people. */
export interface AttestationFailure {
  readonly ok: false
  readonly check: AttestationCheck
  /** Violations of the certificate profile (all) or of the declaration's envelope (the first). */
  readonly violations: readonly string[]
  /** `ATT-05`, or with its violations `ATT-02:EXT-BC-CA,EXT-KU-BITS`. */
  readonly label: string
  /** What the SDK's verifier would say, and the number in its logs. */
  readonly sdkResult: SdkResult
  readonly sdkNumber: number
  /** The values that disagree, by their names. */
  readonly fields: Readonly<Record<string, string>>
  readonly finding: Finding
}

export interface AttestationSuccess {
  readonly ok: true
  readonly sdkResult: 'kSuccess'
  readonly declaration: CertificationDeclaration
  /** Key identifier of the PAA that the chain ends in. */
  readonly paaKeyId: Uint8Array
  /** Revocation entries that name the device but are not genuine; they revoke nothing and want a look. */
  readonly suspiciousRevocations: readonly string[]
}

export type AttestationResult = AttestationSuccess | AttestationFailure

export interface FailureInput {
  readonly message: string
  readonly violations?: readonly string[] | undefined
  readonly fields?: Readonly<Record<string, string>> | undefined
}

export function failed(
  check: AttestationCheck,
  sdkResult: SdkResult,
  input: FailureInput,
): AttestationFailure {
  const { message, violations = [], fields = {} } = input
  const { severity, remedy } = attestationRules[check]
  const finding: Finding = {
    rule: check,
    severity,
    field: Object.keys(fields).join(', ') || subjectOf(check),
    value: Object.values(fields).join(', '),
    message,
    remedy,
  }
  const label = violations.length === 0 ? check : `${check}:${violations.join(',')}`
  const sdkNumber = SdkResult[sdkResult]
  return { ok: false, check, violations, label, sdkResult, sdkNumber, fields, finding }
}

/** What a check is about, where no values disagree. */
function subjectOf(check: AttestationCheck): string {
  if (check === 'ATT-02') return 'PAI'
  if (check === 'ATT-08') return 'attestation signature'
  if (check < 'ATT-02' || check === 'ATT-14') return 'attestation answer'
  if (check < 'ATT-14') return 'DAC'
  return check < 'ATT-26' ? 'certification declaration' : 'firmware information'
}

/** `0xFFF1`, or `none`. */
export function idText(id: number | undefined): string {
  return id === undefined ? 'none' : `0x${id.toString(16).toUpperCase().padStart(4, '0')}`
}
