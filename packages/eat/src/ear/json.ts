import { fromBase64url, isKeylineError, toBase64url, type JsonValue } from '@keyline/bytes'
import { EatError, type EatErrorCode } from '../errors.ts'
import { dialectOf, earDialects, type DialectEntry } from './dialect.ts'
import type { Appraisal, AttestationResult } from './result.ts'
import { readTier, trustClaims, type Tier, type TrustVector } from './tier.ts'

export type JsonObject = Readonly<Record<string, JsonValue>>

/** Characters of a nonce that a reader takes; the drafts say 12 to 88. */
const nonceLength = { least: 8, most: 88 }

/**
 * Reads the claims of a result in JSON, in either dialect; members that are not known are ignored.
 * @throws EatError `E_EAR_MISSING`, `E_EAR_PROFILE`, `E_EAR_STATUS`, `E_EAR_CLAIM_RANGE`, `E_EAR_NONCE`
 */
export function readEar(claims: JsonValue): AttestationResult {
  const members = requireObject(claims, 'the result')
  const profile = members['eat_profile']
  const entry = profile === undefined ? missing('eat_profile') : dialectOf(profile)
  if (entry === undefined || typeof profile !== 'string') {
    return refuse('E_EAR_PROFILE', 'eat_profile', `is ${JSON.stringify(profile)}`)
  }
  const { names, dialect } = entry
  const verifier = requireObject(members[names.verifierId], names.verifierId)
  const submods = Object.entries(requireObject(members['submods'], 'submods'))
  if (submods.length === 0) missing('submods')
  const isWorkingGroup = dialect === 'ietf-2026-03'
  return {
    dialect,
    profile,
    issuedAt: requireTime(members['iat'], 'iat'),
    expiresAt: members['exp'] === undefined ? undefined : requireTime(members['exp'], 'exp'),
    verifierId: {
      developer: requireText(verifier['developer'], `${names.verifierId}.developer`),
      build: requireText(verifier['build'], `${names.verifierId}.build`),
    },
    rawEvidence: readOctets(members[names.rawEvidence], names.rawEvidence),
    nonce: readNonce(members['eat_nonce'], 'eat_nonce'),
    submods: new Map(submods.map(([name, value]) => [name, readAppraisal(value, name, entry)])),
    status: isWorkingGroup ? optionalStatus(members[names.status], names.status) : undefined,
  }
}

/** The claims of a result in JSON, in its dialect. */
export function earToJson(result: AttestationResult): JsonObject {
  const { dialect, issuedAt, expiresAt, verifierId, rawEvidence, nonce, status, submods } = result
  const { names, profiles } = earDialects[dialect]
  return present({
    eat_profile: result.profile ?? profiles[0],
    iat: issuedAt,
    exp: expiresAt,
    [names.verifierId]: { developer: verifierId.developer, build: verifierId.build },
    eat_nonce: nonce,
    [names.rawEvidence]: rawEvidence && toBase64url(rawEvidence),
    [names.status]: dialect === 'ietf-2026-03' ? status : undefined,
    submods: Object.fromEntries(
      Array.from(submods, ([name, one]) => [name, appraisalToJson(one, dialect)]),
    ),
  })
}

function readAppraisal(
  value: JsonValue,
  name: string,
  { names, dialect }: DialectEntry,
): Appraisal {
  const path = `submods.${name}`
  const members = requireObject(value, path)
  const status = optionalStatus(members[names.status], `${path}.${names.status}`)
  const isWorkingGroup = dialect === 'ietf-2026-03'
  return {
    status: status ?? missing(`${path}.${names.status}`),
    vector: readVector(members[names.vector], `${path}.${names.vector}`),
    policyIds: readPolicies(members[names.policy], `${path}.${names.policy}`, isWorkingGroup),
    annotatedEvidence: members[names.annotatedEvidence],
    policyClaims: members[names.policyClaims],
    keyAttestation: members[names.keyAttestation],
    ...(isWorkingGroup && {
      profile: optionalText(members['eat_profile'], `${path}.eat_profile`),
      nonce: readNonce(members['eat_nonce'], `${path}.eat_nonce`),
    }),
  }
}

function appraisalToJson(appraisal: Appraisal, dialect: AttestationResult['dialect']): JsonObject {
  const { names } = earDialects[dialect]
  const { policyIds, vector } = appraisal
  const isWorkingGroup = dialect === 'ietf-2026-03'
  return present({
    [names.status]: appraisal.status,
    [names.vector]: vector && present(vector),
    [names.policy]: isWorkingGroup ? policyIds : policyIds?.[0],
    [names.annotatedEvidence]: appraisal.annotatedEvidence,
    [names.policyClaims]: appraisal.policyClaims,
    [names.keyAttestation]: appraisal.keyAttestation,
    ...(isWorkingGroup && { eat_profile: appraisal.profile, eat_nonce: appraisal.nonce }),
  })
}

function readVector(value: JsonValue | undefined, path: string): TrustVector | undefined {
  if (value === undefined) return undefined
  if (!isObject(value)) return refuse('E_EAR_CLAIM_RANGE', path, 'is no object')
  const vector: Partial<Record<(typeof trustClaims)[number], number>> = {}
  for (const claim of trustClaims) {
    const number = value[claim]
    if (number === undefined) continue
    const isInRange = typeof number === 'number' && number >= -128 && number <= 127
    if (!isInRange || !Number.isInteger(number)) {
      const message = `is ${JSON.stringify(number)}; it must be an integer of -128 to 127`
      return refuse('E_EAR_CLAIM_RANGE', `${path}.${claim}`, message)
    }
    vector[claim] = number
  }
  return vector
}

function readPolicies(
  value: JsonValue | undefined,
  path: string,
  isList: boolean,
): readonly string[] | undefined {
  if (value === undefined) return undefined
  if (!isList) return [requireText(value, path)]
  if (!Array.isArray(value) || value.length === 0) return missing(path)
  return value.map((item: JsonValue, index) => requireText(item, `${path}[${index}]`))
}

function optionalStatus(value: JsonValue | undefined, path: string): Tier | undefined {
  if (value === undefined) return undefined
  const tier = readTier(value)
  return tier ?? refuse('E_EAR_STATUS', path, `is ${JSON.stringify(value)}`)
}

function readNonce(value: JsonValue | undefined, path: string): string | undefined {
  if (value === undefined) return undefined
  const { least, most } = nonceLength
  if (typeof value === 'string' && value.length >= least && value.length <= most) return value
  return refuse('E_EAR_NONCE', path, `must be a text of ${least} to ${most} characters`)
}

function readOctets(value: JsonValue | undefined, path: string): Uint8Array | undefined {
  if (value === undefined) return undefined
  try {
    return fromBase64url(requireText(value, path).replace(/=+$/, ''))
  } catch (error) {
    if (!isKeylineError(error) || error instanceof EatError) throw error
    return missing(path)
  }
}

function requireTime(value: JsonValue | undefined, path: string): number {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : missing(path)
}

function requireText(value: JsonValue | undefined, path: string): string {
  return typeof value === 'string' ? value : missing(path)
}

function optionalText(value: JsonValue | undefined, path: string): string | undefined {
  return value === undefined ? undefined : requireText(value, path)
}

function requireObject(value: JsonValue | undefined, path: string): JsonObject {
  return isObject(value) ? value : missing(path)
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Without the members that are not there; also for names that others chose. */
export function present(members: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(members).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    ),
  )
}

function missing(path: string): never {
  return refuse('E_EAR_MISSING', path, 'is missing or of the wrong type')
}

function refuse(code: EatErrorCode, field: string, message: string): never {
  throw new EatError(code, `${field} ${message}`, { details: { field } })
}
