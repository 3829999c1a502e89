import type { EatError } from '@keyline/eat'

/** Where evidence was refused, in the order of the checks. */
export type RefusalStage = 'envelope' | 'claims' | 'key' | 'freshness' | 'signature'

/** Evidence that was checked and is not to be believed. */
export interface Refusal {
  readonly stage: RefusalStage
  /** Reason code of attestation chapter 12. */
  readonly code: string
  /** The sentence that clients of the reference service know (attestation-verifier chapter 6). */
  readonly problem: string
  /** What is wrong, in words, with value and place. */
  readonly message: string
  /** Claim by its JSON name. */
  readonly field?: string | undefined
  /** Octet of the evidence. */
  readonly offset?: number | undefined
}

const noIdentity = 'could not establish identity from evidence'
const noAnchor = 'no trust anchor for evidence'
const badEvidence = 'integrity validation failed: bad evidence: '

const identityClaims: ReadonlySet<unknown> = new Set(['psa-instance-id', 'psa-implementation-id'])

/** The refusal that an error of the codec stands for. */
export function refusalOf(error: EatError, stage: RefusalStage): Refusal {
  const { code, message, details } = error
  const { field, offset } = details
  return {
    stage,
    code,
    problem: problemOf(stage, message, field),
    message,
    ...(typeof field === 'string' && { field }),
    ...(typeof offset === 'number' && { offset }),
  }
}

/** A refusal for the key: the sentence says no more than that there is none, the code names the check. */
export function keyRefusal(code: string, message: string): Refusal {
  return { stage: 'key', code, problem: noAnchor, message }
}

export function freshnessRefusal(tokenNonce: string, sessionNonce: string): Refusal {
  const message = `freshness: psa-nonce (${tokenNonce}) does not match session nonce (${sessionNonce})`
  return {
    stage: 'freshness',
    code: 'E_NONCE_MISMATCH',
    problem: `${badEvidence}${message}`,
    message,
    field: 'psa-nonce',
  }
}

function problemOf(stage: RefusalStage, message: string, field: unknown): string {
  if (stage === 'signature') {
    return `${badEvidence}signature verification failed: verification error`
  }
  return identityClaims.has(field) ? noIdentity : `${badEvidence}${message}`
}
