import { decodeCbor, type CborLimits } from '../cbor/reader.ts'
import { encodeCbor } from '../cbor/encode.ts'
import {
  CborTag,
  cborMap,
  isCborInteger,
  taggedValue,
  type CborMap,
  type CborValue,
} from '../cbor/value.ts'
import { EatError } from '../errors.ts'
import {
  optionalText,
  readValidity,
  refuse,
  requireList,
  requireMap,
  validityToCbor,
  type Validity,
} from './fields.ts'
import { CorimKey, CorimTag, EntityKey } from './tag.ts'

/** Octets of a CoRIM unless a caller asks for fewer (V37). */
export const corimMaxLength = 16 * 1024 * 1024

/** Who stands behind a CoRIM or a CoMID; roles are numbers of the registry. */
export interface CorimEntity {
  readonly name: string
  readonly uri?: string | undefined
  readonly roles: readonly number[]
}

/** Profile of a CoRIM: an URI, or an object identifier as its DER content. */
export type CorimProfile =
  | { readonly type: 'uri'; readonly uri: string }
  | { readonly type: 'oid'; readonly content: Uint8Array }

/** A tag inside a CoRIM: its content is read on its own, so that a long CoRIM is never decoded as a whole. */
export interface CorimContent {
  /** 506 is a CoMID, 505 a CoSWID, 508 a CoTL. */
  readonly tag: number
  readonly octets: Uint8Array
}

/** An unsigned CoRIM (attestation-verifier 4.1). Its tags are views of the input. */
export interface Corim {
  /** Text, or 16 octets of a UUID. */
  readonly id: string | Uint8Array
  readonly tags: readonly CorimContent[]
  readonly profile?: CorimProfile | undefined
  readonly validity?: Validity | undefined
  readonly entities?: readonly CorimEntity[] | undefined
  /** Members that are kept and not read: keys in CBOR. */
  readonly ignored?: readonly CborValue[] | undefined
}

/**
 * Reads an unsigned CoRIM. @throws EatError `E_CORIM_TAG`, `E_CORIM_STRUCTURE`, `E_CBOR_…`, `E_SIZE_LIMIT`
 */
export function decodeCorim(octets: Uint8Array, limits: CborLimits = {}): Corim {
  const value = decodeCbor(octets, { maxLength: corimMaxLength, ...limits })
  const members = taggedValue(value, CorimTag.corim)
  if (members === undefined) {
    throw new EatError('E_CORIM_TAG', 'the CoRIM has not the outer tag 501')
  }
  return readCorim(requireMap(members, 'corim'))
}

export function encodeCorim(corim: Corim): Uint8Array<ArrayBuffer> {
  const { id, tags, profile, validity, entities } = corim
  return encodeCbor(
    new CborTag(
      CorimTag.corim,
      cborMap(
        [CorimKey.id, id],
        [CorimKey.tags, tags.map(({ tag, octets }) => new CborTag(tag, octets))],
        [CorimKey.profile, profile && profileToCbor(profile)],
        [CorimKey.validity, validity && validityToCbor(validity)],
        [CorimKey.entities, entities?.map(entityToCbor)],
      ),
    ),
  )
}

const readKeys: ReadonlySet<CborValue> = new Set<CborValue>(
  Object.values(CorimKey).filter((key) => key !== CorimKey.dependentRims),
)

function readCorim(map: CborMap): Corim {
  const id = map.get(CorimKey.id)
  const profile = map.get(CorimKey.profile)
  const validity = map.get(CorimKey.validity)
  const entities = map.get(CorimKey.entities)
  return {
    id: isIdentity(id) ? id : refuse('E_CORIM_STRUCTURE', 'corim.id', 'must be a text or a UUID'),
    tags: requireList(map.get(CorimKey.tags), 'corim.tags').map(readTag),
    profile: profile === undefined ? undefined : readProfile(profile),
    validity: validity === undefined ? undefined : readValidity(validity, 'corim.validity'),
    entities: entities === undefined ? undefined : readEntities(entities, 'corim.entities'),
    ignored: [...map.keys()].filter((key) => !readKeys.has(key)),
  }
}

/** A text, or the 16 octets of a UUID. */
export function isIdentity(value: CborValue | undefined): value is string | Uint8Array {
  return typeof value === 'string' || (value instanceof Uint8Array && value.length === 16)
}

export function readEntities(value: CborValue, path: string): readonly CorimEntity[] {
  return requireList(value, path).map((item, index) => {
    const place = `${path}[${index}]`
    const entity = requireMap(item, place)
    const name = optionalText(entity.get(EntityKey.name), `${place}.name`)
    const uri = optionalText(untagged(entity.get(EntityKey.uri)), `${place}.reg-id`)
    const roles = requireList(entity.get(EntityKey.roles), `${place}.roles`).map((role) =>
      typeof role === 'number'
        ? role
        : refuse('E_CORIM_STRUCTURE', `${place}.roles`, 'must be integers'),
    )
    if (name !== undefined) return { name, ...(uri !== undefined && { uri }), roles }
    return refuse('E_CORIM_STRUCTURE', place, 'has no name')
  })
}

export function entityToCbor({ name, uri, roles }: CorimEntity): CborMap {
  return cborMap(
    [EntityKey.name, name],
    [EntityKey.uri, uri === undefined ? undefined : new CborTag(CorimTag.uri, uri)],
    [EntityKey.roles, roles],
  )
}

/** An URI, under its tag or without one. */
function untagged(value: CborValue | undefined): CborValue | undefined {
  return value instanceof CborTag ? taggedValue(value, CorimTag.uri) : value
}

function readTag(item: CborValue, index: number): CorimContent {
  if (item instanceof CborTag && isCborInteger(item.tag) && item.value instanceof Uint8Array) {
    return { tag: Number(item.tag), octets: item.value }
  }
  return refuse('E_CORIM_STRUCTURE', `corim.tags[${index}]`, 'must be a tagged byte string')
}

function readProfile(value: CborValue): CorimProfile {
  const uri = taggedValue(value, CorimTag.uri)
  if (typeof uri === 'string') return { type: 'uri', uri }
  const oid = taggedValue(value, CorimTag.oid)
  if (oid instanceof Uint8Array) return { type: 'oid', content: oid }
  const message = 'must be an URI (tag 32) or an object identifier (tag 111)'
  return refuse('E_CORIM_PROFILE_UNSUPPORTED', 'corim.profile', message)
}

function profileToCbor(profile: CorimProfile): CborTag {
  return profile.type === 'uri'
    ? new CborTag(CorimTag.uri, profile.uri)
    : new CborTag(CorimTag.oid, profile.content)
}

/** True when a message is a signed CoRIM by its first octet: tag 18. */
export function isSignedCorim(octets: Uint8Array): boolean {
  return octets[0] === 0xd2
}
