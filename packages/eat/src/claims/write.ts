import { encodeCbor } from '../cbor/encode.ts'
import { cborMap, type CborMap, type CborValue } from '../cbor/value.ts'
import type { TokenClaims } from './claim.ts'
import { componentToCbor } from './component.ts'
import { tokenProfiles, type ProfileEntry } from './profile.ts'

/**
 * The payload of a token, in the order in which TF-M writes it (D25): nonce, boot seed, identities, client id, life
 * cycle, software components, profile, the rest. The claims are written as they are; `decodeClaims` judges them.
 */
export function encodeClaims(claims: TokenClaims): Uint8Array<ArrayBuffer> {
  return encodeCbor(claimsToCbor(claims))
}

/** The same as a map, for a writer that adds claims of its own. */
export function claimsToCbor(claims: TokenClaims): CborMap {
  const entry = tokenProfiles[claims.profile]
  const place = entry.claims.findIndex(({ name }) => name === 'securityLifecycle') + 1
  return cborMap(
    ...plainClaims(claims, entry.claims.slice(0, place)),
    ...softwareClaims(claims, entry),
    [entry.profileClaim.key, claims.isProfileImplied === true ? undefined : claims.profile],
    ...plainClaims(claims, entry.claims.slice(place)),
  )
}

type Entry = readonly [CborValue, CborValue | undefined]

function plainClaims(claims: TokenClaims, entries: ProfileEntry['claims']): readonly Entry[] {
  return entries.map(({ key, name }) => [key, claims[name]])
}

function softwareClaims(claims: TokenClaims, entry: ProfileEntry): readonly Entry[] {
  const { softwareComponents, noSoftwareMeasurements } = claims
  if (entry.noMeasurements !== undefined && noSoftwareMeasurements !== undefined) {
    return [[entry.noMeasurements, noSoftwareMeasurements]]
  }
  return [[entry.components, softwareComponents.map(componentToCbor)]]
}
