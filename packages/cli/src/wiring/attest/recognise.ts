import {
  CborReader,
  CborTag,
  corimContentType,
  decodeCbor,
  EarKey,
  EatError,
  HeaderLabel,
  isCborMap,
  MajorType,
  parseEnvelope,
  corimMaxLength,
  dialectOf,
} from '@keyline/eat'

/** What a message of octets is, told from its first items. */
export type MessageKind =
  | 'token'
  /** Claims without an envelope around them. */
  | 'claims'
  | 'corim'
  | 'signed-corim'
  /** A CoRIM of the profile before that of 2025. */
  | 'older-corim'
  /** A result in CBOR. */
  | 'ear'
  /** The packed structure of ST's sample. */
  | 'st-sample'
  | 'unknown'

const tag = { sign1: 18, mac0: 17, corim: 501 } as const
/** Octets of the packed structure by the size of the challenge in it. */
const packedLengths: ReadonlyMap<number, number> = new Map([
  [288, 32],
  [304, 48],
  [320, 64],
])

/** Size of the challenge in a packed structure of this length. */
export function packedChallengeSize(length: number): number | undefined {
  return packedLengths.get(length)
}

/** Recognises a message; a broken one by what is left of it. */
export function recogniseMessage(octets: Uint8Array): MessageKind {
  const outer = outermost(octets)
  if (outer === tag.sign1) return isSignedCorimMessage(octets) ? 'signed-corim' : 'token'
  if (outer === tag.mac0) return 'token'
  if (outer === tag.corim) return isOlderCorim(octets) ? 'older-corim' : 'corim'
  if (packedLengths.has(octets.length) && outer !== 'map') return 'st-sample'
  if (outer !== 'map') return 'unknown'
  const map = decodedMap(octets)
  if (map === undefined) return 'claims'
  if (dialectOf(map.get(EarKey.profile)) !== undefined || map.has(EarKey.submods)) return 'ear'
  return map.has(0) && map.has(1) ? 'older-corim' : 'claims'
}

/** Number of the outermost tag, or the type of an item without one. */
function outermost(octets: Uint8Array): number | 'map' | 'array' | undefined {
  try {
    const reader = new CborReader(octets, { maxLength: corimMaxLength })
    if (reader.next === MajorType.tag) return Number(reader.tag())
    if (reader.next === MajorType.map) return 'map'
    return reader.next === MajorType.array ? 'array' : undefined
  } catch (error) {
    if (error instanceof EatError) return undefined
    throw error
  }
}

function isSignedCorimMessage(octets: Uint8Array): boolean {
  try {
    const { protectedHeader } = parseEnvelope(octets, { maxLength: corimMaxLength })
    return protectedHeader.get(HeaderLabel.contentType) === corimContentType
  } catch (error) {
    if (error instanceof EatError) return false
    throw error
  }
}

function isOlderCorim(octets: Uint8Array): boolean {
  const map = decodedMap(octets)
  const profile = map?.get(3)
  return profile !== undefined && !(profile instanceof CborTag)
}

function decodedMap(octets: Uint8Array) {
  try {
    const value = decodeCbor(octets, { maxLength: corimMaxLength })
    const inner = value instanceof CborTag ? value.value : value
    return isCborMap(inner) ? inner : undefined
  } catch (error) {
    if (error instanceof EatError) return undefined
    throw error
  }
}
