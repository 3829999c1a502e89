import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from './hex.ts'
import {
  decode,
  encode,
  layout,
  octets,
  prefixedOctets,
  u16be,
  u16le,
  u32be,
  u32le,
  u8,
  type ValueOf,
} from './layout.ts'

const Entry = layout({ slot: u8, remaining: u16be })
const Frame = layout({
  kind: u8,
  first: Entry,
  offset: u32le,
  length: u32be,
  crc: u16le,
  tag: octets(2),
  payload: prefixedOctets(u8, 4),
})
type Frame = ValueOf<typeof Frame>

const frame: Frame = {
  kind: 0x40,
  first: { slot: 1, remaining: 0x0203 },
  offset: 0x04050607,
  length: 0x08090a0b,
  crc: 0x0c0d,
  tag: Uint8Array.of(0xaa, 0xbb),
  payload: Uint8Array.of(0xcc),
}
const encoded = '40 01 0203 07060504 08090a0b 0d0c aabb 01cc'.replaceAll(' ', '')

const anyFrame: fc.Arbitrary<Frame> = fc.record({
  kind: fc.nat(0xff),
  first: fc.record({ slot: fc.nat(0xff), remaining: fc.nat(0xffff) }),
  offset: fc.nat(0xffff_ffff),
  length: fc.nat(0xffff_ffff),
  crc: fc.nat(0xffff),
  tag: fc.uint8Array({ minLength: 2, maxLength: 2 }),
  payload: fc.uint8Array({ maxLength: 4 }),
})

describe('a layout', () => {
  it('writes its fields one behind the other, each in its byte order', () => {
    expect(toHex(encode(Frame, frame, 'frame'))).toBe(encoded)
  })

  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(anyFrame, (value) => {
        expect(decode(Frame, encode(Frame, value, 'frame'), 'frame')).toEqual(value)
      }),
    )
  })

  it('knows its least and greatest length', () => {
    expect([Frame.min, Frame.max]).toEqual([17, 21])
    expect([Entry.min, Entry.max]).toEqual([3, 3])
  })

  it('refuses every prefix as cut, and the empty input as empty', () => {
    const whole = encode(Frame, frame, 'frame')
    for (let length = 1; length < whole.length; length++) {
      expect(() => decode(Frame, whole.subarray(0, length), 'frame'), `${length}`).toThrow(
        expect.objectContaining({ code: 'BYTES_CUT' }),
      )
    }
    expect(() => decode(Frame, new Uint8Array(), 'frame')).toThrow(
      expect.objectContaining({ code: 'BYTES_EMPTY' }),
    )
  })

  it('refuses octets behind the last field', () => {
    const longer = Uint8Array.of(...encode(Frame, frame, 'frame'), 0)
    expect(() => decode(Frame, longer, 'frame')).toThrow(
      expect.objectContaining({ code: 'BYTES_TRAILING' }),
    )
  })

  it('names the path of the field at fault when it reads', () => {
    expect(() => decode(Frame, Uint8Array.of(0x40, 1, 2), 'frame')).toThrow(
      'frame.first.remaining at 2: expected 2 octets, 1 are left',
    )
  })

  it('names the path of the field at fault when it writes', () => {
    const wrong = { ...frame, first: { slot: 256, remaining: 0 } }
    expect(() => encode(Frame, wrong, 'frame')).toThrow(
      'frame.first.slot is 256, but must be 0 to 255',
    )
  })

  it.each([
    ['octets of another length', { tag: new Uint8Array(3) }, 'frame.tag has 3 octets, not 2'],
    [
      'more octets than the limit',
      { payload: new Uint8Array(5) },
      'frame.payload has 5 octets, at most 4',
    ],
  ])('writes no %s', (_, change, message) => {
    expect(() => encode(Frame, { ...frame, ...change }, 'frame')).toThrow(
      expect.objectContaining({ code: 'BYTES_RANGE', message }),
    )
  })

  it('believes no announced length over the limit, before it looks for the octets', () => {
    const greedy = Uint8Array.of(...encode(Frame, frame, 'frame').subarray(0, 16), 5)
    expect(() => decode(Frame, greedy, 'frame')).toThrow(
      expect.objectContaining({
        code: 'BYTES_RANGE',
        message: 'frame.payload announces 5 octets, at most 4',
      }),
    )
  })

  it('reads any changed octet as another value that writes back, or refuses it', () => {
    const whole = encode(Frame, frame, 'frame')
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (place, octet) => {
        const changed = whole.with(place, octet)
        let value: Frame
        try {
          value = decode(Frame, changed, 'frame')
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^BYTES_/) })
          return
        }
        expect(encode(Frame, value, 'frame')).toEqual(changed)
      }),
    )
  })
})
