import { toBase64, toBase64url, type JsonValue } from '@keyline/bytes'
import {
  claimsToJson,
  earDialects,
  type PsaCertification,
  type PsaReferenceValue,
} from '@keyline/eat'
import type { DeviceAppraisal } from '../appraise/appraise.ts'

export type JsonObject = Readonly<Record<string, JsonValue>>

/** What a policy sees (attestation-verifier 8.2): octets in standard base64, the nonce of the session in base64url. */
export interface PolicyInput {
  readonly evidence: JsonObject
  readonly result: JsonObject
  readonly endorsements: readonly JsonValue[]
  readonly session: JsonObject
}

export interface PolicyFacts {
  readonly appraisal: DeviceAppraisal
  readonly references: readonly PsaReferenceValue[]
  readonly certifications: readonly PsaCertification[]
  readonly nonce: Uint8Array
}

export function policyInput({
  appraisal,
  references,
  certifications,
  nonce,
}: PolicyFacts): PolicyInput {
  const { names } = earDialects['veraison-2023']
  return {
    evidence: claimsToJson(appraisal.claims),
    result: { [names.status]: appraisal.status, [names.vector]: appraisal.vector },
    endorsements: [
      ...references.map(referenceToJson),
      ...certifications.map(({ number }) => ({ 'psa.certification': number })),
    ],
    session: { nonce: toBase64url(nonce) },
  }
}

function referenceToJson({ digests, signerId, name, version }: PsaReferenceValue): JsonValue {
  return {
    digests: digests.map(({ algorithm, value }) => ({
      ...(algorithm !== undefined && { algorithm }),
      value: toBase64(value),
    })),
    'signer-id': toBase64(signerId),
    ...(name !== undefined && { 'measurement-type': name }),
    ...(version !== undefined && { version }),
  }
}
