import { decodeCbor, type CborLimits } from '../cbor/reader.ts'
import {
  CborTag,
  cborMap,
  isCborArray,
  isCborMap,
  taggedValue,
  type CborValue,
} from '../cbor/value.ts'
import type { Environment, Measurement, Triple } from './comid.ts'
import { corimMaxLength, isIdentity, type Corim, type CorimContent } from './corim.ts'
import { replaced } from './draft-form.ts'
import { refuse, requireList, requireMap } from './fields.ts'
import { readPsaTags, softwareComponentKey, type PsaStatement } from './psa-profile.ts'
import { CorimKey, CorimTag, ValueKey, VersionKey } from './tag.ts'

/** The profile before that of 2025: its tools wrote a CoRIM without tag 501, and its name as a text. */
export const olderPsaProfile = 'http://arm.com/psa/iot/1'

/** Members of the key of a reference value. */
const ReferenceKey = { type: 1, version: 4, signerId: 5 } as const

/**
 * The statements of a CoRIM of the older profile, as those of the newer one. For an importer, never for a service.
 * @throws EatError `E_CORIM_…`, `E_CBOR_…`
 */
export function* readOlderPsaStatements(
  octets: Uint8Array,
  limits: CborLimits = {},
): Generator<PsaStatement> {
  const corim = decodeOlderCorim(octets, limits)
  yield* readPsaTags(corim, { ...limits, convert: fromOlderProfile })
}

function decodeOlderCorim(octets: Uint8Array, limits: CborLimits): Corim {
  const value = decodeCbor(octets, { maxLength: corimMaxLength, ...limits })
  const map = requireMap(taggedValue(value, CorimTag.corim) ?? value, 'corim')
  const id = map.get(CorimKey.id)
  const profile = map.get(CorimKey.profile)
  const names = isCborArray(profile) ? profile : [profile]
  if (profile === undefined) refuse('E_CORIM_PROFILE_MISSING', 'corim.profile', 'is missing')
  if (!names.includes(olderPsaProfile)) {
    refuse('E_CORIM_PROFILE_UNSUPPORTED', 'corim.profile', `is not ${olderPsaProfile}`)
  }
  return {
    id: isIdentity(id) ? id : refuse('E_CORIM_STRUCTURE', 'corim.id', 'must be a text or a UUID'),
    tags: requireList(map.get(CorimKey.tags), 'corim.tags').map(readContent),
  }
}

/** Tag and octets; the tools of the time put the tag into the octets. */
function readContent(item: CborValue, index: number): CorimContent {
  if (item instanceof CborTag && item.value instanceof Uint8Array) {
    return { tag: Number(item.tag), octets: item.value }
  }
  const isTagged = item instanceof Uint8Array && item[0] === 0xd9 && item.length > 3
  if (isTagged) return { tag: (item[1] ?? 0) * 256 + (item[2] ?? 0), octets: item.subarray(3) }
  return refuse('E_CORIM_STRUCTURE', `corim.tags[${index}]`, 'must be the octets of a tagged item')
}

/** Brings a triple into the form of the newer profile. */
export function fromOlderProfile(triple: Triple): readonly Triple[] {
  switch (triple.kind) {
    case 'reference': {
      const { environment, measurements } = triple
      const converted = measurements.map(fromOlderMeasurement)
      return [{ ...triple, environment: fromOlderClass(environment), measurements: converted }]
    }
    case 'identity':
    case 'attestKey':
      return [{ ...triple, kind: 'attestKey', environment: fromOlderClass(triple.environment) }]
    case 'endorsed':
    case 'conditional':
    case 'other':
      return [triple]
    default:
      return triple satisfies never
  }
}

function fromOlderClass(environment: Environment): Environment {
  const id = taggedValue(environment.classId, CorimTag.implementationId)
  return id === undefined
    ? environment
    : { ...environment, classId: new CborTag(CorimTag.bytes, id) }
}

function fromOlderMeasurement(measurement: Measurement): Measurement {
  const key = taggedValue(measurement.key, CorimTag.referenceValueId)
  if (!isCborMap(key)) return measurement
  const version = key.get(ReferenceKey.version)
  const signer = key.get(ReferenceKey.signerId)
  return {
    key: softwareComponentKey,
    values: replaced(measurement.values, [
      [ValueKey.name, key.get(ReferenceKey.type)],
      [ValueKey.version, version === undefined ? undefined : cborMap([VersionKey.text, version])],
      [
        ValueKey.cryptoKeys,
        signer === undefined ? undefined : [new CborTag(CorimTag.bytes, signer)],
      ],
    ]),
  }
}
