import type { TokenOptions } from '@keyline/eat'
import { appraise } from '../appraise/appraise.ts'
import type { AppraisalSettings } from '../appraise/settings.ts'
import { authenticate } from '../authenticate/authenticate.ts'
import { chooseKey } from '../authenticate/choose-key.ts'
import { decodeEvidence } from '../decode/evidence.ts'
import { applyPolicy } from '../policy/apply.ts'
import type { CompiledPolicy } from '../policy/compile.ts'
import { KeyCache } from '../store/key-cache.ts'
import type { TrustStore } from '../store/trust-store.ts'
import { judged, refused, type Verification } from '../verdict/verdict.ts'

export interface VerificationContext {
  readonly store: TrustStore
  /** Nonce that the token must repeat. */
  readonly nonce: Uint8Array
  /** Seconds since 1970. */
  readonly time: number
  /** Keys parsed before; shared by all verifications of a process. */
  readonly cache?: KeyCache | undefined
  readonly token?: TokenOptions | undefined
  readonly settings?: AppraisalSettings | undefined
  /** The active policy. */
  readonly policy?: CompiledPolicy | undefined
}

/**
 * Verifies evidence: decode, choose the key, authenticate, appraise, apply the policy. Does not throw for anything that
 * evidence or store can do: a store that gives no answer is `could-not-check`, never a verdict.
 */
export async function verifyEvidence(
  octets: Uint8Array,
  context: VerificationContext,
): Promise<Verification> {
  const { store, nonce, time, cache = new KeyCache(0), settings, policy } = context
  const decoded = decodeEvidence(octets, context.token)
  if (!decoded.isSound) return refused(decoded.refusal)
  const { token } = decoded
  const { claims } = token
  const { implementationId, instanceId } = claims
  try {
    const anchor = await store.findAnchor(implementationId, instanceId)
    const isCertified = anchor === undefined
    const chosen = chooseKey(token, {
      anchor,
      certificates: isCertified ? await store.findCertificates?.(instanceId) : undefined,
      trust: isCertified ? await store.certificateTrust() : { anchors: [] },
      time,
      cache,
    })
    if (!chosen.isKnown) return refused(chosen.refusal)
    const refusal = authenticate(token, chosen.key, nonce)
    if (refusal !== undefined) return refused(refusal)
    const references = await store.referencesOf(implementationId)
    const { origin, warnings } = chosen
    const appraisal = appraise({ claims, origin, warnings, references, settings })
    if (policy === undefined) return judged(appraisal)
    const certifications = await store.certificationsOf(implementationId)
    const facts = { appraisal, references: references.values, certifications, nonce }
    return judged(appraisal, { id: policy.id, outcome: applyPolicy(policy, facts) })
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : 'the store gives no answer'
    return { outcome: 'could-not-check', code: 'STORE_UNAVAILABLE', message, cause }
  }
}
