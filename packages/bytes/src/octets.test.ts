import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  concat,
  decodeUtf8,
  encodeUtf8,
  equalOctets,
  equalSecret,
  isFilledWith,
  isWellFormedText,
} from './octets.ts'

describe('octets', () => {
  it('are joined in order, into octets of their own', () => {
    const first = Uint8Array.of(1, 2)
    const whole = concat(first, new Uint8Array(), Uint8Array.of(3))
    first[0] = 9
    expect(whole).toEqual(Uint8Array.of(1, 2, 3))
    expect(concat()).toEqual(new Uint8Array())
  })

  it.each([
    ['equalOctets', equalOctets],
    ['equalSecret', equalSecret],
  ])('are compared by value: %s', (_, equal) => {
    expect(equal(new Uint8Array(), new Uint8Array())).toBe(true)
    expect(equal(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true)
    expect(equal(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0))).toBe(false)
    expect(equal(Uint8Array.of(0, 1, 2, 3).subarray(1, 3), Uint8Array.of(1, 2))).toBe(true)
    for (let bit = 0; bit < 24; bit++) {
      const changed = new Uint8Array(3)
      changed[bit >> 3] = 1 << (bit & 7)
      expect(equal(changed, new Uint8Array(3)), `bit ${bit}`).toBe(false)
    }
    for (let length = 60; length < 72; length++) {
      const octets = Uint8Array.from({ length: length + 1 }, (_, place) => place)
      const [shifted, same] = [octets.subarray(1), octets.slice(1)]
      expect(equal(shifted, same), `${length} octets`).toBe(true)
      for (let place = 0; place < length; place++) {
        same[place] = (same[place] ?? 0) ^ 1
        expect(equal(shifted, same), `${length} octets, ${place} differs`).toBe(false)
        same[place] = (same[place] ?? 0) ^ 1
      }
    }
  })
})

describe('a filled run of octets', () => {
  it('is told from one with a single other octet, wherever it starts and ends', () => {
    for (let start = 0; start < 5; start++) {
      for (let length = 0; length < 14; length++) {
        const octets = new Uint8Array(32).fill(0xff, start, start + length)
        const run = octets.subarray(start, start + length)
        for (let from = 0; from <= length + 5; from++) {
          expect(isFilledWith(run, 0xff, from), `${start} ${length} ${from}`).toBe(true)
        }
        for (let place = 0; place < length; place++) {
          run[place] = 0xfe
          expect(isFilledWith(run, 0xff), `${start} ${length} ${place}`).toBe(false)
          expect(isFilledWith(run, 0xff, place)).toBe(false)
          expect(isFilledWith(run, 0xff, place + 1)).toBe(true)
          run[place] = 0xff
        }
      }
    }
  })
})

describe('UTF-8', () => {
  it('is written and read', () => {
    expect(encodeUtf8('é€😀')).toEqual(
      Uint8Array.of(0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80),
    )
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(decodeUtf8(encodeUtf8(text))).toBe(text)
      }),
    )
  })

  it('keeps a byte order mark, which no reader of ours may overlook', () => {
    expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41))).toBe('\ufeffA')
  })

  it.each([
    ['a lone continuation', [0x80]],
    ['a cut sequence', [0xe2, 0x82]],
    ['an overlong form', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a code point behind U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['an octet that UTF-8 does not have', [0xff]],
  ])('refuses %s, and reads the next text as if nothing had been', (_, octets) => {
    expect(() => decodeUtf8(Uint8Array.from(octets), 'vendor name')).toThrow(
      expect.objectContaining({
        code: 'BYTES_TEXT',
        message: 'vendor name is not valid UTF-8',
        cause: expect.any(TypeError),
      }),
    )
    expect(decodeUtf8(Uint8Array.of(0x41))).toBe('A')
  })

  it.each([
    ['', true],
    ['😀', true],
    ['\ud83d', false],
    ['\ude00\ud83d', false],
    ['a\udc00b', false],
  ])('tells of %j whether it has a UTF-8 form: %s', (text, isWellFormed) => {
    expect(isWellFormedText(text)).toBe(isWellFormed)
  })
})
