import { encodeUtf8 } from '@keyline/bytes'
import type { TlvElement, TlvTag, TlvWidth } from '@keyline/matter'
import { TlvCodec, TlvLength, TlvType, type TlvAny } from '@matter/types'

/** What matter.js makes of an element: itself, its members, and the end of each container, one after the other. */
export type MatterStream = ReturnType<typeof TlvAny.decode>
type MatterTag = MatterStream[number]['tag']

/** Our element as matter.js would hold it. */
export function matterStream(element: TlvElement): MatterStream {
  const tag = matterTag(element.tag)
  const at = tag === undefined ? {} : { tag }
  switch (element.type) {
    case 'int': {
      const length = widest(element.width, TlvCodec.getIntTlvLength(element.value))
      return [{ ...at, typeLength: { type: TlvType.SignedInt, length }, value: element.value }]
    }
    case 'uint': {
      const length = widest(element.width, TlvCodec.getUIntTlvLength(element.value))
      return [{ ...at, typeLength: { type: TlvType.UnsignedInt, length }, value: element.value }]
    }
    case 'bool':
      return [{ ...at, typeLength: { type: TlvType.Boolean, value: element.value } }]
    case 'float':
    case 'double': {
      const length = element.type === 'float' ? TlvLength.FourBytes : TlvLength.EightBytes
      return [{ ...at, typeLength: { type: TlvType.Float, length }, value: element.value }]
    }
    case 'text': {
      const octets = encodeUtf8(element.value).length
      const length = widest(element.width, TlvCodec.getUIntTlvLength(octets))
      return [{ ...at, typeLength: { type: TlvType.Utf8String, length }, value: element.value }]
    }
    case 'octets': {
      const length = widest(element.width, TlvCodec.getUIntTlvLength(element.value.length))
      return [{ ...at, typeLength: { type: TlvType.ByteString, length }, value: element.value }]
    }
    case 'null':
      return [{ ...at, typeLength: { type: TlvType.Null }, value: null }]
    case 'structure':
    case 'array':
    case 'list':
      return [
        { ...at, typeLength: { type: containerTypes[element.type] } },
        ...element.value.flatMap(matterStream),
        { typeLength: { type: TlvType.EndOfContainer } },
      ]
    default:
      return element satisfies never
  }
}

/** One line for each part of a stream, in which equal parts are equal texts. */
export function streamLines(stream: MatterStream): readonly string[] {
  return stream.map(({ tag, typeLength, value }) => {
    const where = tag === undefined ? '' : `${tag.profile ?? 'context'}:${tag.id} `
    const { type } = typeLength
    const isSized = 'length' in typeLength
    const form = `${TlvType[type]}${isSized ? ` ${TlvLength[typeLength.length]}` : ''}`
    return `${where}${form} ${'value' in typeLength ? typeLength.value : valueText(value)}`
  })
}

const containerTypes = {
  structure: TlvType.Structure,
  array: TlvType.Array,
  list: TlvType.List,
} as const

const lengths: ReadonlyMap<TlvWidth, TlvLength> = new Map([
  [1, TlvLength.OneByte],
  [2, TlvLength.TwoBytes],
  [4, TlvLength.FourBytes],
  [8, TlvLength.EightBytes],
])

function widest(width: TlvWidth | undefined, least: TlvLength): TlvLength {
  return Math.max(lengths.get(width ?? 1) ?? 0, least)
}

function matterTag(tag: TlvTag): MatterTag {
  if (tag === undefined) return undefined
  if (typeof tag === 'number') return { id: tag }
  const { profile, number: id } = tag
  if (profile === 'common') return { profile: 0, id }
  if (profile === 'implicit') throw new RangeError('matter.js has no implicit profiles')
  return { profile: profile.vendorId + profile.number * 0x1_0000, id }
}

function valueText(value: unknown): string {
  if (typeof value === 'number' && !Number.isInteger(value)) return String(value)
  if (Object.is(value, -0)) return '-0'
  if (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER) return String(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}
