import { BytesError, fromHex } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { MatterError } from '../errors.ts'
import { decodeTlv } from './decode.ts'
import type { TlvElement } from './element.ts'
import { encodeTlv } from './encode.ts'

/** Lists, one in the other. */
function nested(depth: number): Uint8Array {
  return fromHex(`${'17'.repeat(depth)}${'18'.repeat(depth)}`)
}

const nothing: TlvElement = { type: 'null' }

describe('an element that has no encoding', () => {
  it.each<readonly [string, TlvElement]>([
    ['a member of a structure without a tag', { type: 'structure', value: [nothing] }],
    ['a member of an array with a tag', { type: 'array', value: [{ tag: 1, type: 'null' }] }],
    ['half a surrogate pair', { type: 'text', value: 'a\ud800' }],
    ['an integer above 64 bits', { type: 'uint', value: 2n ** 64n }],
    ['a negative unsigned integer', { type: 'uint', value: -1 }],
    ['a signed integer above 63 bits', { type: 'int', value: 2n ** 63n }],
  ])('is refused: %s', (_, element) => {
    expect(() => encodeTlv(element)).toThrow(expect.objectContaining({ code: 'TLV_INVALID' }))
  })
})

describe('octets that are no element', () => {
  it.each([
    ['a reserved type', '19'],
    ['an end without a container', '18'],
    ['a member of a structure without a tag', '151418'],
    ['a member of an array with a tag', '16240118'],
    ['a context tag that stands twice', '15340134 0118'.replaceAll(' ', '')],
    ['a NaN of four octets with a payload', '0a0100c07f'],
    ['a NaN of eight octets with a payload', '0b010000000000f87f'],
  ])('are refused: %s', (_, hex) => {
    expect(() => decodeTlv(fromHex(hex))).toThrow(MatterError)
  })

  it('name the offset in front of which the fault lies', () => {
    expect(() => decodeTlv(fromHex('1514'))).toThrow(
      expect.objectContaining({ details: { offset: 2 } }),
    )
  })
})

describe('limits', () => {
  it('are eight containers, one in the other, unless given', () => {
    expect(decodeTlv(nested(8))).toMatchObject({ type: 'list' })
    expect(() => decodeTlv(nested(9))).toThrow('nested too deeply')
    expect(() => decodeTlv(nested(3), { maxDepth: 2 })).toThrow('nested too deeply')
  })

  it('are 64 KiB unless given', () => {
    expect(() => decodeTlv(new Uint8Array(65_537))).toThrow('at most 65536')
    expect(() => decodeTlv(nested(2), { maxLength: 3 })).toThrow('at most 3')
  })

  it('hold for a length that promises more than there is, without room being made for it', () => {
    expect(() => decodeTlv(fromHex('12ffffffff'))).toThrow(
      expect.objectContaining({ code: 'BYTES_CUT' }),
    )
    expect(() => decodeTlv(fromHex('13ffffffffffffff7f'))).toThrow(BytesError)
  })
})
