import { ByteReader, decodeUtf8 } from '@keyline/bytes'
import { MatterError } from '../errors.ts'
import {
  ElementType,
  TagControl,
  tlvWidths,
  type ProfileTag,
  type TlvElement,
  type TlvTag,
  type TlvWidth,
} from './element.ts'

export interface TlvLimits {
  /** Nested containers; 8 unless given. */
  readonly maxDepth?: number | undefined
  /** Octets of the whole element; 65 536 unless given. */
  readonly maxLength?: number | undefined
}

type Container = 'structure' | 'array' | 'list'

/**
 * Decodes exactly one element. Octet strings are views of the input. Widths that are not the shortest are
 * kept in the element, so that it encodes to the same octets again.
 * @throws BytesError `BYTES_EMPTY`, `BYTES_CUT`, `BYTES_TRAILING`, `BYTES_TEXT`
 * @throws MatterError `TLV_INVALID` with offset
 */
export function decodeTlv(octets: Uint8Array, limits: TlvLimits = {}): TlvElement {
  const maxLength = limits.maxLength ?? 65_536
  if (octets.length > maxLength) {
    throw new MatterError('TLV_INVALID', `${octets.length} octets, at most ${maxLength}`)
  }
  const reader = new ByteReader(octets)
  const control = reader.u8('control octet')
  if (control === ElementType.endOfContainer) fail(reader, 'an end without a container')
  const element = readElement(reader, control, limits.maxDepth ?? 8)
  reader.end('TLV element')
  return element
}

function readElement(reader: ByteReader, control: number, depth: number): TlvElement {
  const tag = readTag(reader, control >> 5)
  const type = control & 0x1f
  if (type < ElementType.uint) return readSigned(reader, tag, type)
  if (type < ElementType.boolFalse) return readUnsigned(reader, tag, type)
  if (type >= ElementType.text && type < ElementType.null) return readString(reader, tag, type)
  switch (type) {
    case ElementType.boolFalse:
    case ElementType.boolTrue:
      return { tag, type: 'bool', value: type === ElementType.boolTrue }
    case ElementType.float:
      return { tag, type: 'float', value: readFloat(reader, 4, 0x7fc0_0000n) }
    case ElementType.double:
      return { tag, type: 'double', value: readFloat(reader, 8, 0x7ff8_0000_0000_0000n) }
    case ElementType.null:
      return { tag, type: 'null' }
    case ElementType.structure:
      return { tag, type: 'structure', value: readMembers(reader, 'structure', depth) }
    case ElementType.array:
      return { tag, type: 'array', value: readMembers(reader, 'array', depth) }
    case ElementType.list:
      return { tag, type: 'list', value: readMembers(reader, 'list', depth) }
    default:
      return fail(reader, `element type 0x${type.toString(16)} is reserved`)
  }
}

function readMembers(reader: ByteReader, container: Container, depth: number): TlvElement[] {
  if (depth === 0) fail(reader, 'containers are nested too deeply')
  const members: TlvElement[] = []
  const contextTags = new Set<number>()
  for (;;) {
    const control = reader.u8('control octet')
    if (control === ElementType.endOfContainer) return members
    const member = readElement(reader, control, depth - 1)
    if (container === 'structure') {
      if (member.tag === undefined) fail(reader, 'a member of a structure has no tag')
      if (typeof member.tag === 'number') {
        if (contextTags.has(member.tag)) fail(reader, `tag ${member.tag} occurs twice`)
        contextTags.add(member.tag)
      }
    }
    if (container === 'array' && member.tag !== undefined) {
      fail(reader, 'a member of an array has a tag')
    }
    members.push(member)
  }
}

function readTag(reader: ByteReader, control: number): TlvTag {
  if (control === TagControl.anonymous) return undefined
  if (control === TagControl.context) return reader.u8('context tag')
  const profile = readProfile(reader, control)
  const isWide = (control & 1) === 1
  if (!isWide) return { profile, number: reader.u16le('tag number') }
  const number = reader.u32le('tag number')
  return number > 0xffff ? { profile, number } : { profile, number, width: 4 }
}

function readProfile(reader: ByteReader, control: number): ProfileTag['profile'] {
  if (control === TagControl.common2 || control === TagControl.common4) return 'common'
  if (control === TagControl.implicit2 || control === TagControl.implicit4) return 'implicit'
  return { vendorId: reader.u16le('tag vendor'), number: reader.u16le('tag profile') }
}

/** The least unsigned value that needs a width. A wider form than the shortest stays in the element. */
const leastOfWidth: Readonly<Record<TlvWidth, number>> = { 1: 0, 2: 2 ** 8, 4: 2 ** 16, 8: 2 ** 32 }

function readUnsigned(reader: ByteReader, tag: TlvTag, type: number): TlvElement {
  const width = tlvWidths[type & 3] ?? 8
  const value = readWord(reader, width)
  const isShortest = value >= leastOfWidth[width]
  return { tag, type: 'uint', value, width: isShortest ? undefined : width }
}

function readSigned(reader: ByteReader, tag: TlvTag, type: number): TlvElement {
  const width = tlvWidths[type & 3] ?? 8
  const value = signed(readWord(reader, width), width)
  const limit = leastOfWidth[width] / 2
  const isShortest = value >= limit || value < -limit
  return { tag, type: 'int', value, width: isShortest ? undefined : width }
}

function readWord(reader: ByteReader, width: TlvWidth): number | bigint {
  switch (width) {
    case 1:
      return reader.u8('value')
    case 2:
      return reader.u16le('value')
    case 4:
      return reader.u32le('value')
    case 8:
      return narrow(reader.u64le('value'))
    default:
      return width satisfies never
  }
}

function signed(value: number | bigint, width: TlvWidth): number | bigint {
  if (width === 8) return narrow(BigInt.asIntN(64, BigInt(value)))
  const shift = 32 - 8 * width
  return (Number(value) << shift) >> shift
}

function narrow(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function readString(reader: ByteReader, tag: TlvTag, type: number): TlvElement {
  const lengthWidth = tlvWidths[type & 3] ?? 8
  const length = Number(readWord(reader, lengthWidth))
  const octets = reader.octets(length, 'string')
  const width = length >= leastOfWidth[lengthWidth] ? undefined : lengthWidth
  if (type >= ElementType.octets) return { tag, type: 'octets', value: octets, width }
  return { tag, type: 'text', value: decodeUtf8(octets, 'TLV text'), width }
}

/** Only the quiet NaN is accepted: another one would not encode to the same octets. */
function readFloat(reader: ByteReader, width: 4 | 8, quietNaN: bigint): number {
  const octets = reader.octets(width, 'value')
  const view = new DataView(octets.buffer, octets.byteOffset, width)
  const value = width === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true)
  if (Number.isNaN(value)) {
    const bits = width === 4 ? BigInt(view.getUint32(0, true)) : view.getBigUint64(0, true)
    if (bits !== quietNaN) fail(reader, 'a NaN with a payload')
  }
  return value
}

function fail(reader: ByteReader, reason: string): never {
  throw new MatterError('TLV_INVALID', `${reason}, in front of offset ${reader.offset}`, {
    details: { offset: reader.offset },
  })
}
