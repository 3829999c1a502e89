import { TokenProfile } from '@keyline/eat'
import { ServerError } from '../../errors.ts'
import { parseMediaType } from './media-type.ts'

/** A media type of evidence that is understood (attestation-verifier 2.4). */
export interface EvidenceType {
  /** As it stands in `accept`. */
  readonly text: string
  /** The profile that the claims must have, where the type names one. */
  readonly profile?: TokenProfile | undefined
  /** Number of the CoAP content format, where there is one: what the tagged form of a wrapper names. */
  readonly contentFormat?: number | undefined
}

/** The first one is what public clients send, and must be told literally. */
export const evidenceTypes: readonly EvidenceType[] = [
  { text: 'application/psa-attestation-token' },
  {
    text: `application/eat+cwt; eat_profile="${TokenProfile.psa2023}"`,
    profile: TokenProfile.psa2023,
    contentFormat: 10_003,
  },
  {
    text: 'application/eat+cwt; eat_profile="tag:psacertified.org,2019:psa#legacy"',
    profile: TokenProfile.psa1,
    contentFormat: 10_004,
  },
  {
    text: `application/eat-cwt; profile="${TokenProfile.psa2}"`,
    profile: TokenProfile.psa2,
  },
]

/** Texts of all of them. */
export const evidenceTypeTexts: readonly string[] = evidenceTypes.map(({ text }) => text)

const byText: ReadonlyMap<string, EvidenceType> = new Map(
  evidenceTypes.flatMap((type) => [
    [type.text, type],
    [parseMediaType(type.text)?.normal ?? type.text, type],
  ]),
)

/** The evidence type that a text names: parameters in any order, names in any case (V8). */
export function findEvidenceType(text: string): EvidenceType | undefined {
  const known = byText.get(text)
  if (known !== undefined) return known
  const normal = parseMediaType(text)?.normal
  return normal === undefined ? undefined : byText.get(normal)
}

/** @throws ServerError `SERVER_MEDIA_TYPE`, with the types that are understood for the header Accept */
export function requireEvidenceType(text: string): EvidenceType {
  const type = findEvidenceType(text)
  if (type !== undefined) return type
  throw unsupportedType(text)
}

/** Refuses a media type in the words of the reference service. */
export function unsupportedType(text: string): ServerError {
  const message = `no active plugin found for ${text.slice(0, 200)}`
  return new ServerError('SERVER_MEDIA_TYPE', message, {
    details: { accept: evidenceTypeTexts.join(', ') },
  })
}
