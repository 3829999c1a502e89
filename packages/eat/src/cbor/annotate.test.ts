import { fromHex } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { annotateCbor } from './annotate.ts'
import { cborDiagnostic, cborExcerpt } from './diagnostic.ts'
import { encodeCbor } from './encode.ts'
import { locateCbor } from './locate.ts'
import { CborFloat, cborMap, CborSimple, CborTag, type CborValue } from './value.ts'

const message: CborValue = new CborTag(18, [
  fromHex('a10126'),
  cborMap([4, 'kid'], ['x', [true, null]]),
  -1,
])

describe('diagnostic notation', () => {
  it.each([
    [message, `18([h'a10126', {4: "kid", "x": [true, null]}, -1])`],
    [new CborFloat(1), '1.0'],
    [new CborFloat(-0), '-0.0'],
    [new CborFloat(1.5), '1.5'],
    [new CborFloat(NaN), 'NaN'],
    [new CborFloat(-Infinity), '-Infinity'],
    [new CborSimple(23), 'undefined'],
    [new CborSimple(99), 'simple(99)'],
    [18446744073709551615n, '18446744073709551615'],
    ['"\n', String.raw`"\"\n"`],
  ])('shows %o as %s', (value, text) => {
    expect(cborDiagnostic(value)).toBe(text)
  })

  it('is cut behind as many characters as are asked for, without showing all of a value', () => {
    expect(cborExcerpt(new Uint8Array(1_000_000), 8)).toBe(`h'000000…`)
    expect(
      cborExcerpt(
        Array.from({ length: 100_000 }, () => 7),
        10,
      ),
    ).toBe('[7, 7, 7, …')
    const map = cborMap(...Array.from({ length: 1000 }, (_, index) => [index, 'x'] as const))
    expect(cborExcerpt(map, 10)).toBe('{0: "x", 1…')
    expect(cborExcerpt('short')).toBe('"short"')
  })
})

describe('an annotated message', () => {
  it('shows each item with its offset', () => {
    const { lines, defect } = annotateCbor(encodeCbor(message), { base: 10 })
    expect(defect).toBeUndefined()
    expect(lines).toEqual([
      { offset: 10, depth: 0, text: 'tag 18' },
      { offset: 11, depth: 1, text: 'array of 3' },
      { offset: 12, depth: 2, text: `h'a10126'` },
      { offset: 16, depth: 2, text: 'map of 2' },
      { offset: 18, depth: 3, text: '4: "kid"' },
      { offset: 24, depth: 3, text: '"x": array of 2' },
      { offset: 25, depth: 4, text: 'true' },
      { offset: 26, depth: 4, text: 'null' },
      { offset: 27, depth: 2, text: '-1' },
    ])
  })

  it.each([
    ['820119', 'E_CBOR_TRUNCATED', 2],
    ['a201000118', 'E_CBOR_TRUNCATED', 2],
    ['a2010001', 'E_CBOR_TRUNCATED', 0],
    ['a201000100', 'E_CBOR_DUPLICATE_KEY', 3],
    ['0102', 'E_CBOR_TRAILING', 1],
  ])('shows what can be read of %s, and why no more: %s', (hex, code, count) => {
    const { lines, defect } = annotateCbor(fromHex(hex))
    expect(defect?.code).toBe(code)
    expect(lines).toHaveLength(count)
  })

  it('is searched by path', () => {
    const octets = encodeCbor(message)
    expect(locateCbor(octets, [], { base: 3 })).toBe(3)
    expect(locateCbor(octets, [1, 'x', 1])).toBe(16)
    expect(locateCbor(octets, [1, 4])).toBe(8)
    expect(locateCbor(octets, [1, 5])).toBeUndefined()
    expect(locateCbor(octets, [7])).toBeUndefined()
    expect(locateCbor(octets, [0, 0])).toBeUndefined()
  })
})
