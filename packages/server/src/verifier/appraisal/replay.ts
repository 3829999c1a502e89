import { encodeUtf8, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { JudgedAppraisal, Verification } from '@keyline/verifier'
import type { SeenSet } from '../port.ts'

/** Keys of the seen-set: one kind of thing is never taken for another. */
export function seenKey(
  kind: 'nonce' | 'session' | 'token',
  ...parts: readonly Uint8Array[]
): Uint8Array {
  return sha256(encodeUtf8(`${kind}\0`), ...parts)
}

export interface ReplayOptions {
  readonly seen: SeenSet
  /** Names the session or the request, lower-case hexadecimal. */
  readonly sessionHash: string
  readonly nonce: Uint8Array
  readonly expiresAt: number
  readonly isRefused: boolean
}

const warning = 'the same device answered the same nonce in another session before'

/** Tells that proven claims were seen before, under the same nonce in another session (V30). */
export async function withReplayMark(
  verification: Verification,
  options: ReplayOptions,
): Promise<Verification> {
  const appraisal = appraisalOf(verification)
  if (appraisal === undefined) return verification
  const { seen, sessionHash, nonce, expiresAt, isRefused } = options
  const { instanceId, bootSeed = new Uint8Array() } = appraisal.claims
  const key = seenKey('token', sha256(instanceId), sha256(bootSeed), nonce)
  const before = await seen.enter(key, { requestHash: sessionHash, expiresAt })
  if (before === 'new' || before.requestHash === sessionHash) return verification
  if (isRefused) return refusedReplay(toHex(nonce))
  return marked(verification)
}

function appraisalOf(verification: Verification): JudgedAppraisal | undefined {
  if (verification.outcome === 'genuine') return verification.appraisal
  const isJudged =
    verification.outcome === 'contraindicated' && verification.reason.kind === 'appraisal'
  return isJudged ? verification.reason.appraisal : undefined
}

function marked(verification: Verification): Verification {
  if (verification.outcome === 'genuine') {
    const { appraisal } = verification
    return { ...verification, appraisal: withWarning(appraisal) }
  }
  if (verification.outcome === 'contraindicated' && verification.reason.kind === 'appraisal') {
    const { appraisal } = verification.reason
    return { ...verification, reason: { kind: 'appraisal', appraisal: withWarning(appraisal) } }
  }
  return verification
}

function withWarning<T extends JudgedAppraisal>(appraisal: T): T {
  return { ...appraisal, warnings: [...appraisal.warnings, warning] }
}

function refusedReplay(nonce: string): Verification {
  const message = `freshness: psa-nonce (${nonce}) was answered in another session before`
  const problem = `integrity validation failed: bad evidence: ${message}`
  return {
    outcome: 'contraindicated',
    reason: {
      kind: 'evidence',
      refusal: {
        stage: 'freshness',
        code: 'E_NONCE_MISMATCH',
        problem,
        message,
        field: 'psa-nonce',
      },
    },
  }
}
