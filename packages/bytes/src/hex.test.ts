import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex, toHexUpper } from './hex.ts'

const text = (message: RegExp) =>
  expect.objectContaining({ code: 'BYTES_TEXT', message: expect.stringMatching(message) })

describe('hexadecimal', () => {
  it('writes two lower-case digits an octet', () => {
    expect(toHex(Uint8Array.of(0x00, 0x0f, 0xa5, 0xff))).toBe('000fa5ff')
  })

  it('writes upper case where key identifiers ask for it', () => {
    expect(toHexUpper(Uint8Array.of(0xde, 0xad, 0x0b))).toBe('DEAD0B')
  })

  it('reads digits of either case', () => {
    expect(fromHex('DeadBEEF')).toEqual(Uint8Array.of(0xde, 0xad, 0xbe, 0xef))
  })

  it('writes nothing for nothing, and reads it', () => {
    expect(toHex(new Uint8Array())).toBe('')
    expect(fromHex('')).toEqual(new Uint8Array())
  })

  it('writes a view, not the buffer behind it', () => {
    expect(toHex(Uint8Array.of(1, 2, 3, 4).subarray(1, 3))).toBe('0203')
  })

  it.each([
    ['an odd number of digits', 'abc', /^key has 3 digits, an odd number$/],
    ['a letter behind f', '00g0', /^key has "g" at 2$/],
    ['a prefix', '0x12', /^key has "x" at 1$/],
    ['a blank', '12 3', /^key has " " at 2$/],
    ['a sign', '-1', /^key has "-" at 0$/],
    ['a letter outside of ASCII', '1\u0661', /^key has "\u0661" at 1$/],
    ['half of a surrogate pair', '\u{1f511}', /^key has "\\ud83d" at 0$/],
  ])('refuses %s and names the place', (_, input, message) => {
    expect(() => fromHex(input, 'key')).toThrow(text(message))
  })

  it('agrees with the runtime on any octets, in both directions', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
        expect(toHex(octets)).toBe(Buffer.from(octets).toString('hex'))
        expect(fromHex(toHex(octets))).toEqual(octets)
        expect(fromHex(toHexUpper(octets))).toEqual(octets)
      }),
    )
  })

  it('reads digits alone: whatever it accepts is written back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 6 }), (input) => {
        const isHex = /^(?:[0-9a-fA-F]{2})*$/.test(input)
        if (isHex) expect(toHex(fromHex(input))).toBe(input.toLowerCase())
        else expect(() => fromHex(input)).toThrow(text(/^hexadecimal text has /))
      }),
    )
  })
})
