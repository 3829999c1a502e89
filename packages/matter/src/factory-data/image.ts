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
  endMarker,
  factoryDataFields,
  fieldOfTag,
  integerWidth,
  maxRecordLength,
  type FactoryData,
  type FactoryDataBuilder,
  type FactoryDataField,
  type FieldEntry,
  type ReadFactoryData,
} from './factory-data.ts'
import {
  readImageRecords,
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
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * width)) {
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
  const container = readImageRecords(octets, options)
  const collected: Collected = { data: {}, present: new Set(), findings: [], unknown: [] }
  for (const record of container.records) readRecord(record, collected)
  const { generation, length } = container
  const findings = [...collected.findings, ...container.findings]
  return { ...collected, findings, generation, length }
}

interface Collected {
  readonly data: FactoryDataBuilder
  readonly present: Set<FactoryDataField>
  readonly findings: Finding[]
  readonly unknown: ImageRecord[]
}

function readRecord(record: ImageRecord, collected: Collected): void {
  const { tag, value } = record
  const { data, present, findings, unknown } = collected
  const entry = fieldOfTag(tag)
  if (entry === undefined) {
    unknown.push(record)
    findings.push(
      factoryDataFinding({
        rule: 'FD-047',
        field: { name: `tag ${tag}` },
        message: `no field has this tag; ${value.length} octets`,
      }),
    )
    findings.push(...lengthFindings(`tag ${tag}`, value.length))
    return
  }
  if (present.has(entry.field)) {
    const message = 'the tag occurs twice; the device reads the first record'
    findings.push(factoryDataFinding({ rule: 'FD-043', field: entry.field, message }))
    return
  }
  present.add(entry.field)
  findings.push(...lengthFindings(entry.name, value.length))
  if (value.length === 0) return
  switch (entry.kind) {
    case 'octets':
      data[entry.field] = value
      return
    case 'secret':
      data[entry.field] = new Secret(Uint8Array.from(value))
      return
    case 'text':
      readText(entry, value, collected)
      return
    case 'u16':
    case 'u32':
      readInteger(entry, value, collected)
      return
    default:
      entry satisfies never
  }
}

function readText(
  entry: FieldEntry & { readonly kind: 'text' },
  value: Uint8Array,
  { data, findings }: Collected,
): void {
  try {
    data[entry.field] = decodeUtf8(value, entry.name)
  } catch {
    const message = 'the octets are not valid UTF-8'
    findings.push(factoryDataFinding({ rule: 'FD-025', field: entry.field, message }))
  }
}

function readInteger(
  entry: FieldEntry & { readonly kind: 'u16' | 'u32' },
  value: Uint8Array,
  { data, findings }: Collected,
): void {
  const width = integerWidth[entry.kind]
  if (value.length !== width) {
    const message = `the record has ${value.length} octets, but the field has ${width}`
    findings.push(factoryDataFinding({ rule: 'FD-050', field: entry.field, message }))
    return
  }
  let number = 0
  for (let index = width - 1; index >= 0; index--) number = number * 256 + (value[index] ?? 0)
  data[entry.field] = number
}

/** FD-006 and FD-007: a record that ST's reader cannot pass. */
export function lengthFindings(name: string, length: number): readonly Finding[] {
  if (length === 0) {
    return [factoryDataFinding({ rule: 'FD-006', field: { name }, message: 'the value is empty' })]
  }
  if (length <= maxRecordLength) return []
  const message = `the value has ${length} octets, at most ${maxRecordLength} can be read`
  return [factoryDataFinding({ rule: 'FD-007', field: { name }, message })]
}
