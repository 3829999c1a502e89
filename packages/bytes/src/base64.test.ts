import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromBase64, fromBase64url, toBase64, toBase64url } from './base64.ts'

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const refusal = (message: RegExp) =>
  expect.objectContaining({ code: 'BYTES_TEXT', message: expect.stringMatching(message) })

describe('base64', () => {
  // RFC 4648 section 10
  it.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
  ])('writes and reads "%s" as "%s"', (plain, encoded) => {
    expect(toBase64(ascii(plain))).toBe(encoded)
    expect(fromBase64(encoded)).toEqual(ascii(plain))
  })

  it.each([
    ['missing padding', 'Zg', /^digest has 2 characters, not a multiple of 4$/],
    ['too little padding', 'Zg=', /^digest has 3 characters, not a multiple of 4$/],
    ['three signs of padding', 'Z===', /^digest has "=" at 1$/],
    ['padding alone', '====', /^digest has "=" at 0$/],
    ['padding behind a whole group', 'Zm9v====', /^digest has "=" at 4$/],
    ['padding in the middle', 'Zg==Zm9v', /^digest has "=" at 2$/],
    ['unused bits after one octet', 'Zh==', /^digest has unused bits that are not zero$/],
    ['unused bits after two octets', 'Zm9=', /^digest has unused bits that are not zero$/],
    ['a line break', 'Zm9v\nA==', /^digest has "\\n" at 4$/],
    ['the url alphabet', 'Zm-_', /^digest has "-" at 2$/],
    ['a letter outside of ASCII', 'Zmé=', /^digest has "é" at 2$/],
  ])('refuses %s', (_, input, message) => {
    expect(() => fromBase64(input, 'digest')).toThrow(refusal(message))
  })

  it('agrees with the runtime on any octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
        expect(toBase64(octets)).toBe(Buffer.from(octets).toString('base64'))
        expect(fromBase64(toBase64(octets))).toEqual(octets)
      }),
    )
  })

  it('has one text for each octet string: what it accepts is what it writes', () => {
    const digits = fc.constantFrom('A', 'B', 'E', 'Q', 'g', 'w', '8', '+', '/', '=', '-', ' ')
    fc.assert(
      fc.property(fc.string({ unit: digits, maxLength: 8 }), (input) => {
        expect(canonicalOrRefused(input, fromBase64, toBase64)).toBe(true)
        expect(canonicalOrRefused(input, fromBase64url, toBase64url)).toBe(true)
      }),
    )
  })
})

describe('base64url', () => {
  it.each([
    ['', []],
    ['AA', [0x00]],
    ['-_8', [0xfb, 0xff]],
    ['-_-_', [0xfb, 0xff, 0xbf]],
    ['Zm9vYg', [...ascii('foob')]],
  ])('writes and reads "%s" without padding', (encoded, octets) => {
    expect(toBase64url(Uint8Array.from(octets))).toBe(encoded)
    expect(fromBase64url(encoded)).toEqual(Uint8Array.from(octets))
  })

  it.each([
    ['padding', 'Zg==', /^nonce has "=" at 2$/],
    ['a single digit in the last group', 'Zm9vY', /^nonce has 5 digits, which no input gives$/],
    ['unused bits', 'Zh', /^nonce has unused bits that are not zero$/],
    ['the standard alphabet', 'Zm+/', /^nonce has "\+" at 2$/],
  ])('refuses %s', (_, input, message) => {
    expect(() => fromBase64url(input, 'nonce')).toThrow(refusal(message))
  })

  it('agrees with the runtime on any octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
        expect(toBase64url(octets)).toBe(Buffer.from(octets).toString('base64url'))
        expect(fromBase64url(toBase64url(octets))).toEqual(octets)
      }),
    )
  })
})

function canonicalOrRefused(
  text: string,
  read: (text: string) => Uint8Array,
  write: (octets: Uint8Array) => string,
): boolean {
  let octets: Uint8Array
  try {
    octets = read(text)
  } catch {
    return true
  }
  return write(octets) === text
}
