import { ByteWriter, encodeUtf8, isWellFormedText } from '@keyline/bytes'
import { MatterError } from '../errors.ts'
import { ElementType, TagControl, tlvWidths, type TlvElement, type TlvTag } from './element.ts'

/**
 * Encodes one element. Integers and lengths take the smallest width, or the wider one asked for.
 * @throws MatterError `TLV_INVALID` when a value does not fit or a member has no tag
 */
export function encodeTlv(element: TlvElement): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(256)
  write(writer, element)
  return writer.finish()
}

function write(writer: ByteWriter, element: TlvElement): void {
  const { tag } = element
  switch (element.type) {
    case 'int':
    case 'uint': {
      const value = BigInt(element.value)
      const isSigned = element.type === 'int'
      const step = widthStep(element.width ?? 1, (bits) =>
        isSigned ? BigInt.asIntN(bits, value) === value : BigInt.asUintN(bits, value) === value,
      )
      writeHead(writer, tag, ElementType[element.type] + step)
      writeLittleEndian(writer, value, tlvWidths[step] ?? 8)
      return
    }
    case 'bool':
      writeHead(writer, tag, element.value ? ElementType.boolTrue : ElementType.boolFalse)
      return
    case 'float':
    case 'double': {
      const octets = new Uint8Array(element.type === 'float' ? 4 : 8)
      const view = new DataView(octets.buffer)
      if (element.type === 'float') view.setFloat32(0, element.value, true)
      else view.setFloat64(0, element.value, true)
      writeHead(writer, tag, ElementType[element.type])
      writer.octets(octets)
      return
    }
    case 'text':
      if (!isWellFormedText(element.value)) fail('a text has a lone surrogate')
      writeString(writer, element, encodeUtf8(element.value))
      return
    case 'octets':
      writeString(writer, element, element.value)
      return
    case 'null':
      writeHead(writer, tag, ElementType.null)
      return
    case 'structure':
    case 'array':
    case 'list':
      writeHead(writer, tag, ElementType[element.type])
      for (const member of element.value) {
        if (element.type === 'structure' && member.tag === undefined) {
          fail('a member of a structure has no tag')
        }
        if (element.type === 'array' && member.tag !== undefined) {
          fail('a member of an array has a tag')
        }
        write(writer, member)
      }
      writer.u8(ElementType.endOfContainer)
      return
    default:
      element satisfies never
  }
}

function writeString(
  writer: ByteWriter,
  element: TlvElement & { readonly type: 'text' | 'octets' },
  octets: Uint8Array,
): void {
  const length = BigInt(octets.length)
  const step = widthStep(element.width ?? 1, (bits) => BigInt.asUintN(bits, length) === length)
  writeHead(writer, element.tag, ElementType[element.type] + step)
  writeLittleEndian(writer, length, tlvWidths[step] ?? 8)
  writer.octets(octets)
}

function writeHead(writer: ByteWriter, tag: TlvTag, type: number): void {
  if (tag === undefined) {
    writer.u8(type)
    return
  }
  if (typeof tag === 'number') {
    writer.u8((TagControl.context << 5) | type).u8(tag, 'context tag')
    return
  }
  const isWide = tag.width === 4 || tag.number > 0xffff
  const control =
    tag.profile === 'common'
      ? TagControl.common2
      : tag.profile === 'implicit'
        ? TagControl.implicit2
        : TagControl.full6
  writer.u8(((control + (isWide ? 1 : 0)) << 5) | type)
  if (typeof tag.profile === 'object') {
    writer.u16le(tag.profile.vendorId, 'tag vendor').u16le(tag.profile.number, 'tag profile')
  }
  if (isWide) writer.u32le(tag.number, 'tag number')
  else writer.u16le(tag.number, 'tag number')
}

/** Index of the first width that is wide enough and holds the value. */
function widthStep(least: number, fits: (bits: number) => boolean): number {
  const step = tlvWidths.findIndex((width) => width >= least && fits(8 * width))
  return step < 0 ? fail('an integer does not fit 8 octets') : step
}

function writeLittleEndian(writer: ByteWriter, value: bigint, width: number): void {
  writer.octets(littleEndian(BigInt.asUintN(64, value), width))
}

function littleEndian(value: bigint, width: number): Uint8Array {
  const octets = new Uint8Array(8)
  new DataView(octets.buffer).setBigUint64(0, value, true)
  return octets.subarray(0, width)
}

function fail(reason: string): never {
  throw new MatterError('TLV_INVALID', reason)
}
