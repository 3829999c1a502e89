import { toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { EarDialect } from '@keyline/eat'
import {
  decodeEvidence,
  KeyCache,
  makeResult,
  signResult,
  verifyEvidence,
  type CompiledPolicy,
  type Verification,
} from '@keyline/verifier'
import type { ServerLog } from '../../observe/log.ts'
import type { EarKey } from '../key/kinds.ts'
import type { SharedKeys } from '../key/shared-keys.ts'
import { ActivePolicies } from '../management/active-policy.ts'
import type { EvidenceType } from '../media/evidence-type.ts'
import type { VerifierStore } from '../port.ts'
import { unavailable, type RecordGuard } from '../record-guard.ts'
import type { VerifierSettings } from '../settings.ts'
import type { ForwardClock } from '../time/forward-clock.ts'
import type { Audit, AuditPlace } from './audit.ts'
import { recordOf } from './audit-record.ts'
import { withReplayMark } from './replay.ts'

export type Outcome = Verification['outcome']

export interface AppraiserParts {
  readonly guard: RecordGuard
  readonly audit: Audit
  readonly keys: Pick<SharedKeys<EarKey>, 'current'>
  readonly time: ForwardClock
  readonly log: ServerLog
  readonly settings: VerifierSettings
  /** Counts how an appraisal ended. */
  readonly count: (outcome: Outcome) => void
}

/** Evidence, and what it is judged against. */
export interface Case {
  readonly store: VerifierStore
  readonly type: EvidenceType
  readonly evidence: Uint8Array
  readonly nonce: Uint8Array
  /** When the nonce ends, milliseconds since 1970. */
  readonly expiresAt: number
  /** SHA-256 of the session id or nonce, lower-case hexadecimal. */
  readonly sessionHash: string
  readonly dialect: EarDialect
}

/** What an appraisal needs, in hand before anything is changed. */
export interface Prepared {
  readonly place: AuditPlace
  readonly policy: CompiledPolicy | undefined
}

/** Judges evidence and signs the result. Whatever goes wrong with itself is no verdict (V39). */
export class Appraiser {
  readonly #parts: AppraiserParts
  readonly #policies = new ActivePolicies()
  readonly #cache: KeyCache

  constructor(parts: AppraiserParts) {
    this.#parts = parts
    this.#cache = new KeyCache(parts.settings.limits.parsedKeys)
  }

  /**
   * Asks for what an appraisal needs, so that a lack is noticed before a session changes.
   * @throws ServerError `SERVER_UNAVAILABLE`
   */
  async prepare(store: VerifierStore, tenant: string): Promise<Prepared> {
    const { audit, guard } = this.#parts
    const place = audit.place(tenant)
    try {
      const policy = await guard.ask('the active policy', () => this.#policies.of(store))
      return { place, policy }
    } catch (error) {
      place.free()
      this.#parts.count('could-not-check')
      throw error
    }
  }

  /** @returns the result as compact JWS. @throws ServerError `SERVER_UNAVAILABLE` when there is none */
  async appraise(judged: Case, { place, policy }: Prepared): Promise<string> {
    const { count, keys, time } = this.#parts
    const at = time.now()
    const { signer } = keys.current
    try {
      const verification = await this.#verify(judged, policy, at)
      const result = await this.#sign(judged, verification, at)
      count(verification.outcome)
      place.write(recordOf(judged, { at, verification, keyId: signer.keyId }))
      return result
    } catch (cause) {
      count('could-not-check')
      place.write(recordOf(judged, { at, verification: couldNotCheck(cause) }))
      throw cause
    }
  }

  async #verify(
    { store, type, evidence, nonce, expiresAt, sessionHash }: Case,
    policy: CompiledPolicy | undefined,
    at: number,
  ): Promise<Verification> {
    const { guard, settings } = this.#parts
    const otherProfile = profileRefusal(type, evidence)
    if (otherProfile !== undefined) return otherProfile
    const verification = await guard.ask('trust anchors and reference values', () =>
      verifyEvidence(evidence, {
        store: store.trust,
        nonce,
        time: Math.trunc(at / 1000),
        cache: this.#cache,
        settings: settings.psa,
        policy,
      }),
    )
    if (verification.outcome === 'could-not-check' && verification.code === 'STORE_UNAVAILABLE') {
      throw unavailable('the record gave no answer (trust anchors)', verification.cause)
    }
    const { detect, refuse } = settings.replay
    if (!detect && !refuse) return verification
    return guard.ask('the seen-set', () =>
      withReplayMark(verification, {
        seen: store.seen,
        sessionHash,
        nonce,
        expiresAt,
        isRefused: refuse,
      }),
    )
  }

  async #sign(
    { nonce, dialect, evidence }: Case,
    verification: Verification,
    at: number,
  ): Promise<string> {
    const { settings, keys } = this.#parts
    const { exp, lifetimeSeconds, rawEvidence, annotatedEvidence } = settings.result
    const result = makeResult(verification, {
      dialect,
      issuedAt: Math.trunc(at / 1000),
      lifetime: exp ? lifetimeSeconds : undefined,
      verifierId: settings.verifierId,
      nonce,
      rawEvidence: rawEvidence ? evidence : undefined,
      annotatedEvidence,
    })
    if (result === undefined) throw unavailable('there is no result')
    try {
      return await signResult(result, keys.current.signer)
    } catch (cause) {
      throw unavailable('the signer of results gave no signature', cause)
    }
  }
}

/** Names a session or a nonce in the log. */
export function sessionHashOf(id: string | Uint8Array): string {
  return toHex(sha256(typeof id === 'string' ? new TextEncoder().encode(id) : id))
}

/** A media type that names a profile holds the claims to it. */
function profileRefusal(
  { profile, text }: EvidenceType,
  evidence: Uint8Array,
): Verification | undefined {
  if (profile === undefined) return undefined
  const decoded = decodeEvidence(evidence)
  if (!decoded.isSound || decoded.token.claims.profile === profile) return undefined
  const message = `the profile of the claims is ${decoded.token.claims.profile}, but the media type is ${text}`
  const problem = `integrity validation failed: bad evidence: ${message}`
  const refusal = { stage: 'claims', code: 'E_PROFILE_UNKNOWN', problem, message } as const
  return { outcome: 'contraindicated', reason: { kind: 'evidence', refusal } }
}

function couldNotCheck(cause: unknown): Verification {
  const message = cause instanceof Error ? cause.message : 'unknown'
  return { outcome: 'could-not-check', code: 'STORE_UNAVAILABLE', message, cause }
}
