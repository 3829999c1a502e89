import { fromBase64, isKeylineError, toBase64, type JsonValue } from '@keyline/bytes'
import { CborFloat, cborMap, CborSimple, type CborMap, type CborValue } from '../cbor/value.ts'
import type { ClaimEntry, TokenClaims } from './claim.ts'
import {
  componentClaims,
  componentsJson,
  noMeasurementsJson,
  tokenProfiles,
  type ProfileEntry,
} from './profile.ts'
import { judgeClaims, type ClaimsOptions, type ClaimsReading } from './read.ts'
import type { TokenProfile } from './token-profile.ts'

type JsonObject = Readonly<Record<string, JsonValue>>

/** Claims under the names of the Veraison project, octets in standard base64. */
export function claimsToJson(claims: TokenClaims): JsonObject {
  const entry = tokenProfiles[claims.profile]
  const members: Record<string, JsonValue> = {}
  if (claims.isProfileImplied !== true) members[entry.profileClaim.json] = claims.profile
  for (const { name, json } of entry.claims) {
    const value = claims[name]
    if (value !== undefined) members[json] = scalarToJson(value)
  }
  if (claims.noSoftwareMeasurements === 1) members[noMeasurementsJson] = 1
  else members[componentsJson] = claims.softwareComponents.map(componentToJson)
  return members
}

/** Claims in JSON, judged as a profile: members of other profiles are ignored, as unknown ones are. */
export function readClaimsJson(
  json: JsonValue,
  profile: TokenProfile,
  options: ClaimsOptions = {},
): ClaimsReading {
  return judgeClaims(jsonToCbor(json, tokenProfiles[profile]), profile, options)
}

function componentToJson(component: TokenClaims['softwareComponents'][number]): JsonObject {
  const members: Record<string, JsonValue> = {}
  for (const { name, json } of componentClaims) {
    const value = component[name]
    if (value !== undefined) members[json] = scalarToJson(value)
  }
  return members
}

function scalarToJson(value: string | number | Uint8Array): JsonValue {
  return value instanceof Uint8Array ? toBase64(value) : value
}

function jsonToCbor(json: JsonValue, entry: ProfileEntry): CborMap {
  const members = objectOf(json)
  const { profileClaim, components, noMeasurements } = entry
  const list = members[componentsJson]
  const none = noMeasurements === undefined ? undefined : members[noMeasurementsJson]
  return cborMap(
    ...plainMembers(members, entry.claims),
    [profileClaim.key, anyValue(members[profileClaim.json])],
    [components, isList(list) ? list.map(componentToCbor) : anyValue(list)],
    [noMeasurements ?? 0, anyValue(none)],
  )
}

function componentToCbor(json: JsonValue): CborValue {
  return isObject(json) ? cborMap(...plainMembers(json, componentClaims)) : (anyValue(json) ?? null)
}

function plainMembers(
  members: JsonObject,
  entries: ReadonlyArray<ClaimEntry<string>>,
): ReadonlyArray<readonly [number, CborValue | undefined]> {
  return entries.map(({ key, json, form }) => {
    const value = members[json]
    const octets = form.type === 'octets' && typeof value === 'string' ? base64(value) : undefined
    return [key, octets ?? anyValue(value)]
  })
}

/** What is no base64 stays a text and so is of the wrong type. */
function base64(text: string): Uint8Array | undefined {
  try {
    return fromBase64(text)
  } catch (error) {
    if (isKeylineError(error)) return undefined
    throw error
  }
}

/** The nearest item of CBOR, so that the same rules judge both forms. */
function anyValue(value: JsonValue | undefined): CborValue | undefined {
  if (value === undefined || value === null) return value
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? value : new CborFloat(value)
  }
  if (typeof value === 'object') return isList(value) ? [] : new CborSimple(23)
  return value
}

function objectOf(json: JsonValue): JsonObject {
  return isObject(json) ? json : {}
}

function isObject(json: JsonValue | undefined): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

function isList(json: JsonValue | undefined): json is readonly JsonValue[] {
  return Array.isArray(json)
}
