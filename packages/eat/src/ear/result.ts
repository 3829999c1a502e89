import type { JsonValue } from '@keyline/bytes'
import type { EarDialect } from './dialect.ts'
import type { Tier, TrustVector } from './tier.ts'

/** What a verifier says of one attester or a part of it. */
export interface Appraisal {
  readonly status: Tier
  readonly vector?: TrustVector | undefined
  /** At most one in the dialect of 2023. */
  readonly policyIds?: readonly string[] | undefined
  /** Claims of the evidence in JSON. */
  readonly annotatedEvidence?: JsonValue | undefined
  readonly policyClaims?: JsonValue | undefined
  readonly keyAttestation?: JsonValue | undefined
  /** Dialect of the working group alone: profile and nonce of the evidence. */
  readonly profile?: string | undefined
  readonly nonce?: string | undefined
}

/** Claims of an attestation result (EAR). */
export interface AttestationResult {
  readonly dialect: EarDialect
  /** The text that names the dialect; that of the dialect is written unless given. */
  readonly profile?: string | undefined
  /** Seconds since 1970. */
  readonly issuedAt: number
  readonly expiresAt?: number | undefined
  readonly verifierId: { readonly developer: string; readonly build: string }
  readonly rawEvidence?: Uint8Array | undefined
  /** As JSON carries it: base64url of the nonce, 8 to 88 characters. */
  readonly nonce?: string | undefined
  /** At least one. */
  readonly submods: ReadonlyMap<string, Appraisal>
  /** Dialect of the working group alone: over all parts. */
  readonly status?: Tier | undefined
}
