import { CborReader, type CborLimits } from '../cbor/reader.ts'
import { cborExcerpt } from '../cbor/diagnostic.ts'
import { encodeCbor } from '../cbor/encode.ts'
import { MajorType } from '../cbor/head.ts'
import { cborMap, isCborArray, type CborMap, type CborValue } from '../cbor/value.ts'
import {
  corimMaxLength,
  entityToCbor,
  isIdentity,
  readEntities,
  type CorimEntity,
} from './corim.ts'
import { optionalInteger, optionalText, refuse, requireList, requireMap } from './fields.ts'
import { ClassKey, ComidKey, EnvironmentKey, MeasurementKey, TripleKey } from './tag.ts'

/** What a statement is about. Class id, instance and group are tagged values of many kinds, left as they are. */
export interface Environment {
  readonly classId?: CborValue | undefined
  readonly vendor?: string | undefined
  readonly model?: string | undefined
  readonly layer?: number | bigint | undefined
  readonly index?: number | bigint | undefined
  readonly instance?: CborValue | undefined
  readonly group?: CborValue | undefined
}

/** One measurement: its key, and its values by their keys in CBOR. */
export interface Measurement {
  readonly key?: CborValue | undefined
  readonly values: CborMap
}

/** One statement of a CoMID. */
export type Triple =
  | {
      readonly kind: 'reference' | 'endorsed'
      readonly environment: Environment
      readonly measurements: readonly Measurement[]
    }
  | {
      readonly kind: 'identity' | 'attestKey'
      readonly environment: Environment
      readonly keys: readonly CborValue[]
      readonly conditions?: CborValue | undefined
    }
  | {
      readonly kind: 'conditional'
      /** All of them must hold: a statement each. */
      readonly conditions: readonly StatefulEnvironment[]
      readonly endorsements: readonly StatefulEnvironment[]
    }
  /** A kind that is kept and not read. */
  | { readonly kind: 'other'; readonly key: CborValue; readonly value: CborValue }

export interface StatefulEnvironment {
  readonly environment: Environment
  readonly measurements: readonly Measurement[]
}

export interface ComidHeader {
  readonly language?: string | undefined
  readonly tagId: string | Uint8Array
  readonly tagVersion?: number | undefined
  readonly entities?: readonly CorimEntity[] | undefined
}

/** What a reader of a CoMID meets, in the order of the message. */
export type ComidEvent =
  | { readonly type: 'triple'; readonly path: string; readonly triple: Triple }
  /** At the end, since its members may stand behind the triples. */
  | { readonly type: 'header'; readonly header: ComidHeader }

/**
 * Walks a CoMID: one triple at a time is in memory.
 * @throws EatError `E_CORIM_STRUCTURE`, `E_CBOR_…`
 */
export function* readComid(
  octets: Uint8Array,
  limits: CborLimits & { readonly path?: string | undefined } = {},
): Generator<ComidEvent> {
  const path = limits.path ?? 'comid'
  const reader = new CborReader(octets, { maxLength: corimMaxLength, ...limits })
  const members = new Map<CborValue, CborValue>()
  let hasTriples = false
  for (const key of entriesOf(reader, path)) {
    if (key === ComidKey.triples && !hasTriples) {
      hasTriples = true
      yield* triplesOf(reader, `${path}.triples`)
    } else if (members.has(key) || key === ComidKey.triples) {
      refuse('E_CBOR_DUPLICATE_KEY', path, 'has a key twice')
    } else members.set(key, reader.value())
  }
  reader.end()
  if (!hasTriples) refuse('E_CORIM_STRUCTURE', path, 'has no triples')
  yield { type: 'header', header: headerOf(members, path) }
}

/** A CoMID as it is written. */
export interface Comid extends ComidHeader {
  readonly triples: readonly Triple[]
}

export function encodeComid(comid: Comid): Uint8Array<ArrayBuffer> {
  const { language, tagId, tagVersion, entities, triples } = comid
  const byKey = new Map<CborValue, CborValue>()
  for (const kind of kinds.values()) {
    const alike = triples.filter((triple) => triple.kind === kind)
    if (alike.length > 0) byKey.set(TripleKey[kind], alike.map(tripleToCbor))
  }
  for (const triple of triples) if (triple.kind === 'other') byKey.set(triple.key, triple.value)
  return encodeCbor(
    cborMap(
      [ComidKey.language, language],
      [ComidKey.identity, cborMap([0, tagId], [1, tagVersion])],
      [ComidKey.entities, entities?.map(entityToCbor)],
      [ComidKey.triples, byKey],
    ),
  )
}

const kinds: ReadonlyMap<CborValue, Exclude<Triple['kind'], 'other'>> = new Map([
  [TripleKey.reference, 'reference'],
  [TripleKey.endorsed, 'endorsed'],
  [TripleKey.identity, 'identity'],
  [TripleKey.attestKey, 'attestKey'],
  [TripleKey.conditional, 'conditional'],
])

function* triplesOf(reader: CborReader, path: string): Generator<ComidEvent> {
  const keys = new Set<CborValue>()
  for (const key of entriesOf(reader, path)) {
    if (keys.has(key)) refuse('E_CBOR_DUPLICATE_KEY', path, 'has a key twice')
    keys.add(key)
    const kind = kinds.get(key)
    if (kind === undefined) {
      const triple = { kind: 'other', key, value: reader.value() } as const
      yield { type: 'triple', path: `${path}[${cborExcerpt(key)}]`, triple }
      continue
    }
    const place = `${path}.${kind}`
    if (reader.next !== MajorType.array) refuse('E_CORIM_STRUCTURE', place, 'must be a list')
    const count = reader.array()
    for (let index = 0; index < count; index++) {
      const at = `${place}[${index}]`
      yield { type: 'triple', path: at, triple: readTriple(kind, reader.value(), at) }
    }
    reader.leave()
  }
}

/** The keys of the map that begins here, one by one; the caller takes the values. */
function* entriesOf(reader: CborReader, path: string): Generator<CborValue> {
  if (reader.next !== MajorType.map) refuse('E_CORIM_STRUCTURE', path, 'must be a map')
  const count = reader.map()
  for (let index = 0; index < count; index++) {
    const key = reader.value()
    if (typeof key === 'object') refuse('E_CORIM_STRUCTURE', path, 'has a key of no plain type')
    yield key
  }
  reader.leave()
}

function headerOf(members: CborMap, path: string): ComidHeader {
  const identity = requireMap(members.get(ComidKey.identity), `${path}.tag-identity`)
  const tagId = identity.get(0)
  const tagVersion = optionalInteger(identity.get(1), `${path}.tag-identity.version`)
  const entities = members.get(ComidKey.entities)
  if (!isIdentity(tagId)) {
    return refuse('E_CORIM_STRUCTURE', `${path}.tag-identity.id`, 'must be a text or a UUID')
  }
  return {
    language: optionalText(members.get(ComidKey.language), `${path}.language`),
    tagId,
    tagVersion: tagVersion === undefined ? undefined : Number(tagVersion),
    entities: entities === undefined ? undefined : readEntities(entities, `${path}.entities`),
  }
}

/** One triple of a kind. @throws EatError `E_CORIM_STRUCTURE` */
export function readTriple(
  kind: Exclude<Triple['kind'], 'other'>,
  value: CborValue,
  path: string,
): Triple {
  const parts = requireList(value, path)
  switch (kind) {
    case 'reference':
    case 'endorsed':
      return { kind, ...readStateful(parts, path) }
    case 'identity':
    case 'attestKey': {
      const [environment, keys, conditions] = parts
      if (parts.length > 3) refuse('E_CORIM_STRUCTURE', path, 'has more than three parts')
      return {
        kind,
        environment: readEnvironment(environment, path),
        keys: requireKeys(keys, `${path}.keys`),
        conditions,
      }
    }
    case 'conditional': {
      const [conditions, endorsements] = parts
      const read = (list: CborValue | undefined, name: string) =>
        requireList(list, `${path}.${name}`).map((item, index) => {
          const place = `${path}.${name}[${index}]`
          return readStateful(requireList(item, place), place)
        })
      return {
        kind,
        conditions: read(conditions, 'conditions'),
        endorsements: read(endorsements, 'endorsements'),
      }
    }
    default:
      return kind satisfies never
  }
}

/** How many keys there may be is a rule of the profile. */
function requireKeys(value: CborValue | undefined, path: string): readonly CborValue[] {
  return isCborArray(value) ? value : refuse('E_CORIM_STRUCTURE', path, 'must be a list')
}

function readStateful(parts: readonly CborValue[], path: string): StatefulEnvironment {
  const [environment, measurements] = parts
  if (parts.length !== 2 || !isCborArray(measurements)) {
    return refuse('E_CORIM_STRUCTURE', path, 'must be an environment and a list of measurements')
  }
  return {
    environment: readEnvironment(environment, path),
    measurements: measurements.map((item, index) =>
      readMeasurement(item, `${path}.measurements[${index}]`),
    ),
  }
}

function readEnvironment(value: CborValue | undefined, path: string): Environment {
  const place = `${path}.environment`
  const map = requireMap(value, place)
  const named = map.get(EnvironmentKey.class)
  const of =
    named === undefined ? new Map<CborValue, CborValue>() : requireMap(named, `${place}.class`)
  return {
    classId: of.get(ClassKey.id),
    vendor: optionalText(of.get(ClassKey.vendor), `${place}.class.vendor`),
    model: optionalText(of.get(ClassKey.model), `${place}.class.model`),
    layer: optionalInteger(of.get(ClassKey.layer), `${place}.class.layer`),
    index: optionalInteger(of.get(ClassKey.index), `${place}.class.index`),
    instance: map.get(EnvironmentKey.instance),
    group: map.get(EnvironmentKey.group),
  }
}

function readMeasurement(value: CborValue, path: string): Measurement {
  const map = requireMap(value, path)
  const values = requireMap(map.get(MeasurementKey.values), `${path}.mval`)
  return { key: map.get(MeasurementKey.key), values }
}

function tripleToCbor(triple: Triple): CborValue {
  switch (triple.kind) {
    case 'reference':
    case 'endorsed':
      return statefulToCbor(triple)
    case 'identity':
    case 'attestKey': {
      const { environment, keys, conditions } = triple
      const parts = [environmentToCbor(environment), keys]
      return conditions === undefined ? parts : [...parts, conditions]
    }
    case 'conditional':
      return [triple.conditions.map(statefulToCbor), triple.endorsements.map(statefulToCbor)]
    case 'other':
      return triple.value
    default:
      return triple satisfies never
  }
}

function statefulToCbor({ environment, measurements }: StatefulEnvironment): CborValue {
  const written = measurements.map(({ key, values }) =>
    cborMap([MeasurementKey.key, key], [MeasurementKey.values, values]),
  )
  return [environmentToCbor(environment), written]
}

function environmentToCbor(environment: Environment): CborMap {
  const { classId, vendor, model, layer, index, instance, group } = environment
  const named = cborMap(
    [ClassKey.id, classId],
    [ClassKey.vendor, vendor],
    [ClassKey.model, model],
    [ClassKey.layer, layer],
    [ClassKey.index, index],
  )
  return cborMap(
    [EnvironmentKey.class, named.size === 0 ? undefined : named],
    [EnvironmentKey.instance, instance],
    [EnvironmentKey.group, group],
  )
}
