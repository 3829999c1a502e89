import { isKeylineError, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { psaScheme, type JudgedAppraisal, type Verification } from '@keyline/verifier'
import type { EvidenceType } from '../media/evidence-type.ts'
import type { AppraisalRecord } from '../port.ts'

/**
 * What the log keeps of an appraisal. A device is named only where its evidence was proven; what could not be checked
 * has a cause, and neither status nor vector.
 */
export function recordOf(
  {
    sessionHash,
    type,
    evidence,
  }: {
    readonly sessionHash: string
    readonly type: EvidenceType
    readonly evidence: Uint8Array
  },
  {
    at,
    verification,
    keyId,
  }: {
    readonly at: number
    readonly verification: Verification
    readonly keyId?: string | undefined
  },
): AppraisalRecord {
  const all = {
    at,
    sessionHash,
    mediaType: type.text,
    evidenceHash: toHex(sha256(evidence)),
    outcome: verification.outcome,
    keyId,
  }
  switch (verification.outcome) {
    case 'genuine':
      return { ...all, ...ofDevice(verification.appraisal), codes: [] }
    case 'contraindicated': {
      const { reason } = verification
      return reason.kind === 'evidence'
        ? { ...all, status: 'contraindicated', codes: [reason.refusal.code] }
        : { ...all, ...ofDevice(reason.appraisal), codes: [] }
    }
    case 'could-not-check':
      return { ...all, codes: causesOf(verification) }
    default:
      return verification satisfies never
  }
}

function ofDevice({ claims, status, vector, policyId }: JudgedAppraisal) {
  return {
    implementationId: toHex(claims.implementationId),
    instanceId: toHex(claims.instanceId),
    status,
    vector,
    policyId: policyId === undefined ? undefined : `policy:${psaScheme}/${policyId}`,
  }
}

function causesOf({
  code,
  cause,
}: Extract<Verification, { outcome: 'could-not-check' }>): string[] {
  const inner = isKeylineError(cause) ? cause.code : undefined
  return inner === undefined || inner === code ? [code] : [code, inner]
}
