import { ByteWriter, encodeUtf8, isWellFormedText } from '@keyline/bytes'
import { EatError } from '../errors.ts'
import { numberToHalf } from './half.ts'
import { AdditionalInformation, leastLongSimple, MajorType, SimpleForm } from './head.ts'
import { CborFloat, CborSimple, CborTag, isCborArray, isCborMap, type CborValue } from './value.ts'

export interface CborEncodeOptions {
  /**
   * Order of map entries: as they stand (unless said otherwise), or that of core deterministic encoding, by the
   * octets of the encoded keys (RFC 8949 section 4.2.1).
   */
  readonly order?: 'given' | 'deterministic' | undefined
  /** Octets to begin with; 256 unless given. */
  readonly expectedLength?: number | undefined
}

/** Encodes one item: definite lengths, shortest forms. @throws EatError `CBOR_VALUE` */
export function encodeCbor(
  value: CborValue,
  options: CborEncodeOptions = {},
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(options.expectedLength)
  write(writer, value, options.order === 'deterministic')
  return writer.finish()
}

function write(writer: ByteWriter, value: CborValue, isSorted: boolean): void {
  if (typeof value === 'number' || typeof value === 'bigint') {
    writeInteger(writer, value)
  } else if (typeof value === 'string') {
    if (!isWellFormedText(value)) refuse('a text has a lone surrogate')
    const octets = encodeUtf8(value)
    writeHead(writer, MajorType.text, octets.length)
    writer.octets(octets)
  } else if (value instanceof Uint8Array) {
    writeHead(writer, MajorType.bytes, value.length)
    writer.octets(value)
  } else if (isCborMap(value)) {
    writeHead(writer, MajorType.map, value.size)
    if (isSorted) writeSorted(writer, value)
    else {
      for (const [key, member] of value) {
        write(writer, key, false)
        write(writer, member, false)
      }
    }
  } else if (isCborArray(value)) {
    writeHead(writer, MajorType.array, value.length)
    for (const item of value) write(writer, item, isSorted)
  } else if (value instanceof CborTag) {
    writeHead(writer, MajorType.tag, value.tag)
    write(writer, value.value, isSorted)
  } else if (value instanceof CborFloat) {
    writeFloat(writer, value.value)
  } else if (value instanceof CborSimple) {
    writeSimple(writer, value.value)
  } else if (value === null) {
    writeHead(writer, MajorType.simple, SimpleForm.null)
  } else if (typeof value === 'boolean') {
    writeHead(writer, MajorType.simple, value ? SimpleForm.true : SimpleForm.false)
  } else {
    value satisfies never
    refuse(`a value of type ${typeof value}`)
  }
}

function writeSorted(writer: ByteWriter, map: ReadonlyMap<CborValue, CborValue>): void {
  const entries = Array.from(map, ([key, value]) => ({ key: encodeSorted(key), value }))
  entries.sort((a, b) => Buffer.compare(a.key, b.key))
  for (const { key, value } of entries) {
    writer.octets(key)
    write(writer, value, true)
  }
}

function encodeSorted(value: CborValue): Uint8Array {
  return encodeCbor(value, { order: 'deterministic' })
}

function writeInteger(writer: ByteWriter, value: number | bigint): void {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) refuse(`${value} as an integer`)
    if (value >= 0) writeHead(writer, MajorType.unsigned, value)
    else writeHead(writer, MajorType.negative, -1 - value)
    return
  }
  if (value >= 0n) writeHead(writer, MajorType.unsigned, value)
  else writeHead(writer, MajorType.negative, -1n - value)
}

function writeHead(writer: ByteWriter, major: MajorType, argument: number | bigint): void {
  const first = major << 5
  if (argument < 24) writer.u8(first | Number(argument))
  else if (argument < 0x100) {
    writer.u8(first | AdditionalInformation.oneOctet).u8(Number(argument))
  } else if (argument < 0x1_0000) {
    writer.u8(first | AdditionalInformation.twoOctets).u16be(Number(argument))
  } else if (argument < 0x1_0000_0000) {
    writer.u8(first | AdditionalInformation.fourOctets).u32be(Number(argument))
  } else {
    const wide = BigInt(argument)
    if (wide > 0xffff_ffff_ffff_ffffn) refuse(`${wide}, which has more than 64 bits`)
    writer.u8(first | AdditionalInformation.eightOctets)
    writer.u32be(Number(wide >> 32n)).u32be(Number(wide & 0xffff_ffffn))
  }
}

function writeFloat(writer: ByteWriter, value: number): void {
  const first = MajorType.simple << 5
  const half = numberToHalf(value)
  if (half !== undefined) {
    writer.u8(first | SimpleForm.half).u16be(half)
    return
  }
  const isSingle = Math.fround(value) === value
  const octets = new Uint8Array(isSingle ? 4 : 8)
  const view = new DataView(octets.buffer)
  if (isSingle) view.setFloat32(0, value)
  else view.setFloat64(0, value)
  writer.u8(first | (isSingle ? SimpleForm.single : SimpleForm.double)).octets(octets)
}

function writeSimple(writer: ByteWriter, value: number): void {
  const isNamed = value >= SimpleForm.false && value <= SimpleForm.null
  const isReserved = value > 23 && value < leastLongSimple
  if (isNamed || isReserved || !Number.isInteger(value) || value < 0 || value > 0xff) {
    refuse(`simple value ${value}`)
  }
  writeHead(writer, MajorType.simple, value)
}

function refuse(what: string): never {
  throw new EatError('CBOR_VALUE', `${what} cannot be written as CBOR`)
}
