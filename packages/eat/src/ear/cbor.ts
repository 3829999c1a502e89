import { fromBase64url, isKeylineError, toBase64url, type JsonValue } from '@keyline/bytes'
import { decodeCbor, type CborLimits } from '../cbor/reader.ts'
import { cborDiagnostic } from '../cbor/diagnostic.ts'
import { encodeCbor } from '../cbor/encode.ts'
import {
  CborFloat,
  cborMap,
  isCborArray,
  isCborMap,
  type CborMap,
  type CborValue,
} from '../cbor/value.ts'
import { EatError } from '../errors.ts'
import { dialectOf, earDialects, EarKey, VerifierIdKey, type DialectEntry } from './dialect.ts'
import { earToJson, isObject, present, readEar, type JsonObject } from './json.ts'
import type { AttestationResult } from './result.ts'
import { readTier, tierNumbers, trustClaims } from './tier.ts'

/** Octets of a nonce in CBOR. */
const nonceLength = { least: 8, most: 64 }

/**
 * Reads the claims of a result in CBOR: by the same rules as JSON, from which keys, status and octets differ.
 * @throws EatError `E_EAR_…`, `E_CBOR_…`
 */
export function decodeEar(octets: Uint8Array, limits: CborLimits = {}): AttestationResult {
  const value = decodeCbor(octets, limits)
  if (!isCborMap(value)) throw new EatError('E_EAR_MISSING', 'the result is no map')
  const entry = dialectOf(value.get(EarKey.profile)) ?? earDialects['veraison-2023']
  return readEar(resultToJson(value, entry))
}

/** The claims of a result in CBOR. @throws EatError `E_EAR_NONCE` for a nonce that is no base64url */
export function encodeEar(result: AttestationResult): Uint8Array<ArrayBuffer> {
  const json = earToJson(result)
  const { names } = earDialects[result.dialect]
  return encodeCbor(
    cborMap(
      [EarKey.profile, jsonToCbor(json['eat_profile'])],
      [EarKey.issuedAt, result.issuedAt],
      [EarKey.expiresAt, result.expiresAt],
      [
        EarKey.verifierId,
        cborMap(
          [VerifierIdKey.developer, result.verifierId.developer],
          [VerifierIdKey.build, result.verifierId.build],
        ),
      ],
      [EarKey.nonce, nonceToCbor(result.nonce)],
      [EarKey.rawEvidence, result.rawEvidence],
      [EarKey.status, statusToCbor(json[names.status])],
      [EarKey.submods, submodsToCbor(json['submods'], earDialects[result.dialect])],
    ),
  )
}

function resultToJson(map: CborMap, { names }: DialectEntry): JsonObject {
  const verifier = map.get(EarKey.verifierId)
  const submods = map.get(EarKey.submods)
  const entry = { names }
  return present({
    eat_profile: cborToJson(map.get(EarKey.profile)),
    iat: cborToJson(map.get(EarKey.issuedAt)),
    exp: cborToJson(map.get(EarKey.expiresAt)),
    [names.verifierId]: isCborMap(verifier)
      ? present({
          developer: cborToJson(verifier.get(VerifierIdKey.developer)),
          build: cborToJson(verifier.get(VerifierIdKey.build)),
        })
      : undefined,
    eat_nonce: nonceToJson(map.get(EarKey.nonce)),
    [names.rawEvidence]: cborToJson(map.get(EarKey.rawEvidence)),
    [names.status]: cborToJson(map.get(EarKey.status)),
    submods: isCborMap(submods)
      ? Object.fromEntries(
          Array.from(submods, ([name, value]) => [textKey(name), appraisalToJson(value, entry)]),
        )
      : undefined,
  })
}

function appraisalToJson(value: CborValue, { names }: Pick<DialectEntry, 'names'>): JsonValue {
  if (!isCborMap(value)) return null
  const vector = value.get(EarKey.vector)
  return present({
    [names.status]: cborToJson(value.get(EarKey.status)),
    [names.vector]: isCborMap(vector)
      ? present(
          Object.fromEntries(
            trustClaims.map((claim, key) => [claim, cborToJson(vector.get(key))] as const),
          ),
        )
      : cborToJson(vector),
    [names.policy]: cborToJson(value.get(EarKey.policy)),
    [names.annotatedEvidence]: cborToJson(value.get(EarKey.annotatedEvidence)),
    [names.policyClaims]: cborToJson(value.get(EarKey.policyClaims)),
    [names.keyAttestation]: cborToJson(value.get(EarKey.keyAttestation)),
    eat_profile: cborToJson(value.get(EarKey.profile)),
    eat_nonce: nonceToJson(value.get(EarKey.nonce)),
  })
}

function submodsToCbor(submods: JsonValue | undefined, entry: DialectEntry): CborMap {
  const entries = isObject(submods) ? Object.entries(submods) : []
  return cborMap(...entries.map(([name, one]) => [name, appraisalToCbor(one, entry)] as const))
}

function appraisalToCbor(value: JsonValue, { names }: DialectEntry): CborMap {
  const members = isObject(value) ? value : {}
  const vector = members[names.vector]
  return cborMap(
    [EarKey.status, statusToCbor(members[names.status])],
    [
      EarKey.vector,
      isObject(vector)
        ? cborMap(...trustClaims.map((claim, key) => [key, jsonToCbor(vector[claim])] as const))
        : undefined,
    ],
    [EarKey.policy, jsonToCbor(members[names.policy])],
    [EarKey.annotatedEvidence, jsonToCbor(members[names.annotatedEvidence])],
    [EarKey.policyClaims, jsonToCbor(members[names.policyClaims])],
    [EarKey.keyAttestation, jsonToCbor(members[names.keyAttestation])],
    [EarKey.profile, jsonToCbor(members['eat_profile'])],
    [EarKey.nonce, nonceToCbor(members['eat_nonce'])],
  )
}

function statusToCbor(value: JsonValue | undefined): number | undefined {
  const tier = readTier(value)
  return tier === undefined ? undefined : tierNumbers[tier]
}

/** A nonce of a length that is not allowed becomes a text that is not allowed. */
function nonceToJson(value: CborValue | undefined): JsonValue | undefined {
  if (value === undefined) return undefined
  const { least, most } = nonceLength
  const isNonce = value instanceof Uint8Array && value.length >= least && value.length <= most
  return isNonce ? padded(toBase64url(value)) : ''
}

function nonceToCbor(nonce: JsonValue | undefined): Uint8Array | undefined {
  if (typeof nonce !== 'string') return undefined
  try {
    return fromBase64url(nonce.replace(/=+$/, ''))
  } catch (error) {
    if (!isKeylineError(error)) throw error
    throw new EatError('E_EAR_NONCE', 'a nonce that is no base64url has no CBOR form')
  }
}

function padded(text: string): string {
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}

/** JSON of an extension: octets as base64url, keys as texts. */
function cborToJson(value: CborValue | undefined): JsonValue | undefined {
  if (value === undefined) return undefined
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (typeof value === 'number') return value
  if (value instanceof CborFloat) return Number.isFinite(value.value) ? value.value : null
  if (value instanceof Uint8Array) return toBase64url(value)
  if (isCborArray(value)) return value.map((item) => cborToJson(item) ?? null)
  if (isCborMap(value)) {
    const members = Array.from(value, ([key, item]) => [textKey(key), cborToJson(item)] as const)
    return present(Object.fromEntries(members))
  }
  return cborDiagnostic(value)
}

function jsonToCbor(value: JsonValue | undefined): CborValue | undefined {
  if (value === undefined || value === null) return value
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? value : new CborFloat(value)
  }
  if (typeof value !== 'object') return value
  if (isObject(value)) {
    return cborMap(
      ...Object.entries(value).map(([name, item]) => [name, jsonToCbor(item)] as const),
    )
  }
  return isList(value) ? value.map((item) => jsonToCbor(item) ?? null) : null
}

function textKey(key: CborValue): string {
  return typeof key === 'string' ? key : cborDiagnostic(key)
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}
