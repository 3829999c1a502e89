import { toBase64url, type JsonValue } from '@keyline/bytes'
import { claimsToJson, type Appraisal, type AttestationResult, type EarDialect } from '@keyline/eat'
import { TrustValue, uniformVector } from '../appraise/trust-value.ts'
import type { Refusal } from '../decode/refusal.ts'
import type { JsonObject } from '../policy/input.ts'
import type { JudgedAppraisal, Verification } from '../verdict/verdict.ts'

/** Name of the scheme: the submodule of its results. */
export const psaScheme = 'PSA_IOT'

/** Text of the nonce in results: a reader takes up to 64 octets of it (9.2). */
const resultNonceLength = { least: 8, most: 64 }

export interface ResultContext {
  readonly dialect?: EarDialect | undefined
  /** Seconds since 1970. */
  readonly issuedAt: number
  /** Seconds that the result may be used; without an end unless given. */
  readonly lifetime?: number | undefined
  readonly verifierId: AttestationResult['verifierId']
  /** Nonce of the session. */
  readonly nonce: Uint8Array
  /** Puts the evidence itself into the result; off unless given, for privacy. */
  readonly rawEvidence?: Uint8Array | undefined
  /** How much of the claims is told (V28): `redacted` leaves the instance id out. `full` unless given. */
  readonly annotatedEvidence?: 'full' | 'redacted' | 'off' | undefined
}

/**
 * The result that a verification is told in. Without a verdict there is one for a policy that failed alone (V25): a
 * store that gave no answer has none.
 */
export function makeResult(
  verification: Verification,
  context: ResultContext,
): AttestationResult | undefined {
  const appraisal = appraisalOf(verification, context)
  return appraisal && wrap(psaScheme, appraisal, context)
}

/** The result for evidence of a media type that no scheme decodes: no verdict on a device. */
export function unresolvedResult(context: ResultContext): AttestationResult {
  const appraisal: Appraisal = {
    status: 'none',
    vector: uniformVector(TrustValue.unexpectedEvidence),
    policyIds: [`policy:${psaScheme}`],
    policyClaims: { problem: 'could not resolve media type' },
  }
  return wrap('ERROR', appraisal, context)
}

function wrap(name: string, appraisal: Appraisal, context: ResultContext): AttestationResult {
  const { dialect = 'veraison-2023', issuedAt, lifetime, verifierId, nonce } = context
  const isWorkingGroup = dialect === 'ietf-2026-03'
  return {
    dialect,
    issuedAt,
    ...(lifetime !== undefined && { expiresAt: issuedAt + lifetime }),
    verifierId,
    ...(context.rawEvidence !== undefined && { rawEvidence: context.rawEvidence }),
    ...(isNonceOfResult(nonce) && { nonce: padded(toBase64url(nonce)) }),
    submods: new Map([[name, appraisal]]),
    ...(isWorkingGroup && { status: appraisal.status }),
  }
}

function appraisalOf(verification: Verification, context: ResultContext): Appraisal | undefined {
  switch (verification.outcome) {
    case 'genuine':
      return ofDevice(verification.appraisal, context)
    case 'contraindicated': {
      const { reason } = verification
      return reason.kind === 'evidence'
        ? ofRefusal(reason.refusal)
        : ofDevice(reason.appraisal, context)
    }
    case 'could-not-check':
      if (verification.code !== 'POLICY_MALFUNCTION') return undefined
      return {
        status: 'none',
        vector: uniformVector(TrustValue.malfunction),
        policyIds: [`policy:${psaScheme}`],
        policyClaims: { problem: 'policy malfunction', code: verification.code },
      }
    default:
      return verification satisfies never
  }
}

/** Claims that are not proven are not shown (V21). */
function ofRefusal({ problem, code }: Refusal): Appraisal {
  return {
    status: 'contraindicated',
    vector: uniformVector(TrustValue.cryptoFailed),
    policyIds: [`policy:${psaScheme}`],
    policyClaims: { problem, code },
  }
}

function ofDevice(
  appraisal: JudgedAppraisal,
  { annotatedEvidence = 'full', dialect, nonce }: ResultContext,
): Appraisal {
  const { claims, status, vector, policyId, policyClaims, warnings } = appraisal
  const told =
    annotatedEvidence === 'off' ? undefined : annotation(claimsToJson(claims), annotatedEvidence)
  const added = {
    ...policyClaims,
    ...(warnings.length > 0 && { warnings }),
  } satisfies Record<string, JsonValue | undefined>
  return {
    status,
    vector,
    policyIds: [policyId === undefined ? `policy:${psaScheme}` : `policy:${psaScheme}/${policyId}`],
    ...(told !== undefined && { annotatedEvidence: told }),
    ...(Object.keys(added).length > 0 && { policyClaims: added }),
    ...(dialect === 'ietf-2026-03' && {
      profile: claims.profile,
      ...(isNonceOfResult(nonce) && { nonce: padded(toBase64url(claims.nonce)) }),
    }),
  }
}

function annotation(claims: JsonObject, how: 'full' | 'redacted'): JsonObject {
  if (how === 'full') return claims
  const { 'psa-instance-id': _, ...others } = claims
  return others
}

function isNonceOfResult({ length }: Uint8Array): boolean {
  return length >= resultNonceLength.least && length <= resultNonceLength.most
}

/** With padding, as the reference service writes it. */
function padded(text: string): string {
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}
