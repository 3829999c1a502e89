import { equalOctets } from '@keyline/bytes'
import { describeValue } from './describe-value.ts'
import { factoryDataFields, fieldOfTag, type FactoryData } from './factory-data.ts'
import { encodeValue } from './image.ts'
import { readImageRecords, type ImageRecords } from './image-records.ts'

export interface FactoryDataDifference {
  readonly kind: 'added' | 'removed' | 'changed' | 'reordered'
  /** Absent where no record differs, but what is around the records. */
  readonly tag?: number | undefined
  /** Name in ST's JSON, `tag 99`, or the place in the image. */
  readonly name: string
  /** Excerpt of the first value; neither this nor the next ever shows a private key, passcode or verifier. */
  readonly before?: string | undefined
  readonly after?: string | undefined
}

type Values = ReadonlyMap<number, readonly Uint8Array[]>

/**
 * What differs between two sets, in the order of the tags.
 * @throws MatterError `FACTORY_DATA_VALUE` when a value has no encoding
 */
export function diffFactoryData(a: FactoryData, b: FactoryData): readonly FactoryDataDifference[] {
  return diffValues(valuesOf(a), valuesOf(b))
}

/**
 * What differs between two images, or an image and the region of a board: records, their order, the end marker, and what
 * stands behind it. None exactly when the octets are the same but for erased ones at the end.
 */
export function diffImages(a: Uint8Array, b: Uint8Array): readonly FactoryDataDifference[] {
  const [first, second] = [readImageRecords(a, legacy), readImageRecords(b, legacy)]
  const differences = [
    ...diffValues(recordValues(first), recordValues(second)),
    ...diffOrder(first, second),
    ...diffMarker(first, second),
    ...diffRest(restOf(a, first), restOf(b, second)),
  ]
  if (differences.length > 0 || equalOctets(withoutErased(a), withoutErased(b))) return differences
  return [{ kind: 'changed', name: 'image', before: sizeText(a), after: sizeText(b) }]
}

const legacy = { legacy: true } as const

function valuesOf(data: FactoryData): Values {
  const values = new Map<number, readonly Uint8Array[]>()
  for (const entry of factoryDataFields) {
    const value = encodeValue(entry, data)
    if (value !== undefined) values.set(entry.tag, [value])
  }
  return values
}

function recordValues({ records }: ImageRecords): Values {
  const values = new Map<number, Uint8Array[]>()
  for (const { tag, value } of records) {
    const known = values.get(tag)
    if (known === undefined) values.set(tag, [value])
    else known.push(value)
  }
  return values
}

function diffValues(a: Values, b: Values): readonly FactoryDataDifference[] {
  const differences: FactoryDataDifference[] = []
  const tags = [...new Set([...a.keys(), ...b.keys()])].toSorted((x, y) => x - y)
  for (const tag of tags) {
    const [before, after] = [a.get(tag) ?? [], b.get(tag) ?? []]
    for (let index = 0; index < Math.max(before.length, after.length); index++) {
      const difference = diffValue(tag, before[index], after[index])
      if (difference !== undefined) differences.push(difference)
    }
  }
  return differences
}

function diffValue(
  tag: number,
  before: Uint8Array | undefined,
  after: Uint8Array | undefined,
): FactoryDataDifference | undefined {
  if (before !== undefined && after !== undefined && equalOctets(before, after)) return undefined
  return {
    kind: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
    tag,
    name: fieldOfTag(tag)?.name ?? `tag ${tag}`,
    before: before && describeValue(tag, before),
    after: after && describeValue(tag, after),
  }
}

/** The order of the records that both have. */
function diffOrder(a: ImageRecords, b: ImageRecords): readonly FactoryDataDifference[] {
  const [before, after] = [tagsOf(a, b), tagsOf(b, a)]
  return before === after ? [] : [{ kind: 'reordered', name: 'records', before, after }]
}

function tagsOf(image: ImageRecords, other: ImageRecords): string {
  const shared = new Set(other.records.map(({ tag }) => tag))
  const seen = new Set<number>()
  for (const { tag } of image.records) if (shared.has(tag)) seen.add(tag)
  return [...seen].join(' ')
}

function diffMarker(a: ImageRecords, b: ImageRecords): readonly FactoryDataDifference[] {
  const [before, after] = [hasMarker(a), hasMarker(b)]
  if (before === after) return []
  return [{ kind: before ? 'removed' : 'added', name: 'end marker' }]
}

function hasMarker({ generation }: ImageRecords): boolean {
  return generation !== 'G1'
}

/** Behind the marker, or from the record that runs over the end. */
function diffRest(a: Uint8Array, b: Uint8Array): readonly FactoryDataDifference[] {
  if (equalOctets(a, b)) return []
  const kind = a.length === 0 ? 'added' : b.length === 0 ? 'removed' : 'changed'
  return [{ kind, name: 'octets behind the records', before: sizeText(a), after: sizeText(b) }]
}

function restOf(octets: Uint8Array, { records, generation }: ImageRecords): Uint8Array {
  const last = records.at(-1)
  const end = last === undefined ? 0 : last.offset + 8 + last.value.length
  return withoutErased(octets.subarray(generation === 'G1' ? end : end + 4))
}

function withoutErased(octets: Uint8Array): Uint8Array {
  return octets.subarray(0, octets.findLastIndex((octet) => octet !== 0xff) + 1)
}

function sizeText(octets: Uint8Array): string {
  return octets.length === 0 ? 'none' : `${octets.length} octets`
}
