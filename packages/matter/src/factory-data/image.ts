import {
  ByteWriter,
  decodeUtf8,
  encodeUtf8,
  isWellFormedText,
  Secret,
  type Finding,
} from '@keyline/bytes'
import { MatterError } from '../errors.ts'
import {
  emptyFactoryData,
  endMarker,
  factoryDataFields,
  fieldOfTag,
  integerMax,
  integerWidth,
  maxRecordLength,
  type FactoryData,
  type FactoryDataBuilder,
  type FactoryDataField,
  type FieldEntry,
  type ReadFactoryData,
} from './factory-data.ts'
import {
  recordHeaderLength,
  scanImage,
  type DecodeImageOptions,
  type ImageGeneration,
  type ImageRecord,
} from './image-records.ts'
import { factoryDataFinding } from './rules.ts'

export interface DecodedImage extends ReadFactoryData {
  readonly generation: ImageGeneration
  /** Octets up to and including the end marker. */
  readonly length: number
  /** Records whose tag no field has (FD-047): JSON has no place for them, `encodeImage` drops them. */
  readonly unknown: readonly ImageRecord[]
}

/**
 * Records in ascending tag order, then the end marker: the same fields give the same octets.
 * Rules are not checked here.
 * @throws MatterError `FACTORY_DATA_VALUE` when a value has no encoding
 */
export function encodeImage(data: FactoryData): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(2048)
  for (const entry of factoryDataFields) {
    const value = encodeValue(entry, data)
    if (value === undefined) continue
    writer.u32le(entry.tag).u32le(value.length).octets(value)
  }
  return writer.u32le(endMarker).finish()
}

/** Octets of one record's value; `undefined` without a value. @throws MatterError `FACTORY_DATA_VALUE` */
export function encodeValue(entry: FieldEntry, data: FactoryData): Uint8Array | undefined {
  switch (entry.kind) {
    case 'octets':
      return data[entry.field]
    case 'secret':
      return data[entry.field]?.reveal()
    case 'text':
      return encodeText(entry, data[entry.field])
    case 'u16':
    case 'u32':
      return encodeInteger(entry, data[entry.field])
    default:
      return entry satisfies never
  }
}

function encodeText(entry: FieldEntry, text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined
  if (isWellFormedText(text)) return encodeUtf8(text)
  throw new MatterError('FACTORY_DATA_VALUE', `${entry.name} has a lone surrogate`)
}

function encodeInteger(
  entry: FieldEntry & { readonly kind: 'u16' | 'u32' },
  value: number | undefined,
): Uint8Array | undefined {
  if (value === undefined) return undefined
  const width = integerWidth[entry.kind]
  if (!Number.isInteger(value) || value < 0 || value > integerMax[entry.kind]) {
    throw new MatterError('FACTORY_DATA_VALUE', `${entry.name} does not fit ${width} octets`)
  }
  const octets = new Uint8Array(width)
  for (let index = 0; index < width; index++) octets[index] = (value >>> (8 * index)) & 0xff
  return octets
}

/**
 * Reads an image strictly (1.1) and reports the container rules FD-006, 007, 043 … 047, 050 and FD-025.
 * It never throws: what can be read is in `data`, as views of the input. Of equal tags the first counts,
 * as on the device. Rules of the values are those of `checkFactoryData`.
 */
export function decodeImage(octets: Uint8Array, options: DecodeImageOptions = {}): DecodedImage {
  const reader = new FieldReader(octets)
  const container = scanImage(octets, options, (tag, start, end) => reader.read(tag, start, end))
  const { data, unknown } = reader
  const present = fieldsOfMask(reader.mask)
  const { generation, length } = container
  reader.findings.push(...container.findings)
  return { data, present, findings: reader.findings, unknown, generation, length }
}

type EntryOf<K extends FieldEntry['kind']> = FieldEntry & { readonly kind: K }

/** Reads the records of an image into fields. */
class FieldReader {
  readonly data: FactoryDataBuilder = emptyFactoryData()
  /** One bit for each field that stood in the image. */
  mask = 0
  readonly findings: Finding[] = []
  readonly unknown: ImageRecord[] = []
  readonly #octets: Uint8Array

  constructor(octets: Uint8Array) {
    this.#octets = octets
  }

  read(tag: number, start: number, end: number): void {
    const entry = fieldOfTag(tag)
    if (entry === undefined) {
      this.#keepUnknown(tag, start, end)
      return
    }
    const { field } = entry
    const bit = bitOf[tag] ?? 0
    if ((this.mask & bit) !== 0) {
      const message = 'the tag occurs twice; the device reads the first record'
      this.findings.push(factoryDataFinding({ rule: 'FD-043', field, message }))
      return
    }
    this.mask |= bit
    const length = end - start
    if (!isReadable(length)) this.findings.push(...lengthFindings(entry.name, length))
    if (length > 0) this.#readValue(entry, start, end)
  }

  #readValue(entry: FieldEntry, start: number, end: number): void {
    switch (entry.kind) {
      case 'octets':
        this.data[entry.field] = this.#octets.subarray(start, end)
        return
      case 'secret':
        this.data[entry.field] = new Secret(this.#octets.slice(start, end))
        return
      case 'text':
        this.#readText(entry, start, end)
        return
      case 'u16':
      case 'u32':
        this.#readInteger(entry, start, end)
        return
      default:
        entry satisfies never
    }
  }

  #readText(entry: EntryOf<'text'>, start: number, end: number): void {
    try {
      this.data[entry.field] = decodeUtf8(this.#octets.subarray(start, end), entry.name)
    } catch {
      const message = 'the octets are not valid UTF-8'
      this.findings.push(factoryDataFinding({ rule: 'FD-025', field: entry.field, message }))
    }
  }

  #readInteger(entry: EntryOf<'u16' | 'u32'>, start: number, end: number): void {
    const width = integerWidth[entry.kind]
    if (end - start !== width) {
      const message = `the record has ${end - start} octets, but the field has ${width}`
      this.findings.push(factoryDataFinding({ rule: 'FD-050', field: entry.field, message }))
      return
    }
    let number = 0
    for (let at = end - 1; at >= start; at--) number = number * 256 + (this.#octets[at] ?? 0)
    this.data[entry.field] = number
  }

  #keepUnknown(tag: number, start: number, end: number): void {
    const offset = start - recordHeaderLength
    this.unknown.push({ tag, offset, value: this.#octets.subarray(start, end) })
    const name = `tag ${tag}`
    const message = `no field has this tag; ${end - start} octets`
    this.findings.push(factoryDataFinding({ rule: 'FD-047', field: { name }, message }))
    this.findings.push(...lengthFindings(name, end - start))
  }
}

/** A bit for each field, by its tag. */
const bitOf: readonly number[] = factoryDataFields.reduce<number[]>((bits, { tag }, index) => {
  bits[tag] = 1 << index
  return bits
}, [])

/** Sets of fields met lately: the images of a batch have the same ones. */
const knownSets = new Map<number, ReadonlySet<FactoryDataField>>()
const knownSetsLimit = 32

function fieldsOfMask(mask: number): ReadonlySet<FactoryDataField> {
  const known = knownSets.get(mask)
  if (known !== undefined) return known
  const entries = factoryDataFields.filter((_, index) => (mask & (1 << index)) !== 0)
  const fields = new Set(entries.map(({ field }) => field))
  if (knownSets.size === knownSetsLimit) knownSets.clear()
  knownSets.set(mask, fields)
  return fields
}

/** True for a value that ST's reader gets past. */
export function isReadable(length: number): boolean {
  return length > 0 && length <= maxRecordLength
}

/** FD-006 and FD-007: a record that ST's reader cannot pass. */
export function lengthFindings(name: string, length: number): readonly Finding[] {
  if (length === 0) {
    return [factoryDataFinding({ rule: 'FD-006', field: { name }, message: 'the value is empty' })]
  }
  if (isReadable(length)) return []
  const message = `the value has ${length} octets, at most ${maxRecordLength} can be read`
  return [factoryDataFinding({ rule: 'FD-007', field: { name }, message })]
}
