import { fromHex, toHex } from '@keyline/bytes'
import { decode as cborgDecode } from 'cborg'
import {
  array,
  assert,
  bigInt,
  boolean,
  constant,
  double,
  integer,
  letrec,
  maxSafeInteger,
  nat,
  oneof,
  property,
  string,
  tuple,
  uint8Array,
  uniqueArray,
} from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EatError } from '../errors.ts'
import { encodeCbor } from './encode.ts'
import { halfToNumber, numberToHalf } from './half.ts'
import { CborReader, decodeCbor } from './reader.ts'
import {
  CborFloat,
  cborMap,
  CborSimple,
  CborTag,
  isCborArray,
  isCborBytes,
  isCborInteger,
  isCborMap,
  taggedValue,
  type CborValue,
} from './value.ts'

/** Values whose shortest encoding is published (RFC 8949 appendix A). */
const published: ReadonlyArray<readonly [CborValue, string]> = [
  [0, '00'],
  [23, '17'],
  [24, '1818'],
  [1000, '1903e8'],
  [1_000_000, '1a000f4240'],
  [1_000_000_000_000, '1b000000e8d4a51000'],
  [18446744073709551615n, '1bffffffffffffffff'],
  [-1, '20'],
  [-100, '3863'],
  [-1000, '3903e7'],
  [-18446744073709551616n, '3bffffffffffffffff'],
  [new CborTag(2, fromHex('010000000000000000')), 'c249010000000000000000'],
  [new CborFloat(0), 'f90000'],
  [new CborFloat(-0), 'f98000'],
  [new CborFloat(1), 'f93c00'],
  [new CborFloat(1.1), 'fb3ff199999999999a'],
  [new CborFloat(65504), 'f97bff'],
  [new CborFloat(100_000), 'fa47c35000'],
  [new CborFloat(3.4028234663852886e38), 'fa7f7fffff'],
  [new CborFloat(5.960464477539063e-8), 'f90001'],
  [new CborFloat(-4.1), 'fbc010666666666666'],
  [new CborFloat(Infinity), 'f97c00'],
  [new CborFloat(NaN), 'f97e00'],
  [new CborFloat(-Infinity), 'f9fc00'],
  [false, 'f4'],
  [true, 'f5'],
  [null, 'f6'],
  [new CborSimple(23), 'f7'],
  [new CborSimple(16), 'f0'],
  [new CborSimple(255), 'f8ff'],
  [new CborTag(0, '2013-03-21T20:04:00Z'), 'c074323031332d30332d32315432303a30343a30305a'],
  [fromHex('01020304'), '4401020304'],
  ['', '60'],
  ['IETF', '6449455446'],
  ['ü', '62c3bc'],
  ['水', '63e6b0b4'],
  ['\u{10151}', '64f0908591'],
  [[1, [2, 3], [4, 5]], '8301820203820405'],
  [cborMap([1, 2], [3, 4]), 'a201020304'],
  [cborMap(['a', 1], ['b', [2, 3]]), 'a26161016162820203'],
]

/** Arrays of one item in each other, and a number in the innermost. */
function nested(depth: number): Uint8Array {
  return fromHex(`${'81'.repeat(depth)}00`)
}

/** The octets are decoded within this weight, and not within one less. */
function weights(hex: string, weight: number): void {
  const octets = fromHex(hex)
  expect(() => decodeCbor(octets, { maxWeight: weight })).not.toThrow()
  expect(() => decodeCbor(octets, { maxWeight: weight - 1 })).toThrow(
    expect.objectContaining({ code: 'E_SIZE_LIMIT' }),
  )
}

describe('CBOR', () => {
  it.each(published)('writes and reads %o as published', (value, hex) => {
    expect(toHex(encodeCbor(value))).toBe(hex)
    expect(decodeCbor(fromHex(hex))).toEqual(value)
  })

  it('takes integers, lengths and floats that are not in the shortest form', () => {
    expect(decodeCbor(fromHex('1b0000000000000001'))).toBe(1)
    expect(decodeCbor(fromHex('3900ff'))).toBe(-256)
    expect(decodeCbor(fromHex('590002abcd'))).toEqual(fromHex('abcd'))
    expect(decodeCbor(fromHex('fb3ff8000000000000'))).toEqual(new CborFloat(1.5))
    expect(decodeCbor(fromHex('3b001fffffffffffff'))).toBe(-9007199254740992n)
    expect(decodeCbor(fromHex('dbffffffffffffffff00'))).toEqual(
      new CborTag(18446744073709551615n, 0),
    )
  })

  it.each([
    ['', 'E_CBOR_TRUNCATED', 0],
    ['19', 'E_CBOR_TRUNCATED', 0],
    ['8201', 'E_CBOR_TRUNCATED', 0],
    ['820119', 'E_CBOR_TRUNCATED', 2],
    ['4201', 'E_CBOR_TRUNCATED', 0],
    ['6261', 'E_CBOR_TRUNCATED', 0],
    ['a101', 'E_CBOR_TRUNCATED', 0],
    ['fb00', 'E_CBOR_TRUNCATED', 0],
    ['5bffffffffffffffff', 'E_CBOR_TRUNCATED', 0],
    ['9b0000100000000000', 'E_CBOR_TRUNCATED', 0],
    ['bb8000000000000000', 'E_CBOR_TRUNCATED', 0],
    ['7bffffffffffffffff', 'E_CBOR_TRUNCATED', 0],
    ['c1', 'E_CBOR_TRUNCATED', 1],
    ['0000', 'E_CBOR_TRAILING', 1],
    ['1c', 'E_CBOR_MALFORMED', 0],
    ['811d', 'E_CBOR_MALFORMED', 1],
    ['1f', 'E_CBOR_MALFORMED', 0],
    ['df', 'E_CBOR_MALFORMED', 0],
    ['ff', 'E_CBOR_MALFORMED', 0],
    ['fc', 'E_CBOR_MALFORMED', 0],
    ['f814', 'E_CBOR_MALFORMED', 0],
    ['5f', 'E_CBOR_INDEFINITE', 0],
    ['7f', 'E_CBOR_INDEFINITE', 0],
    ['9fff', 'E_CBOR_INDEFINITE', 0],
    ['81bfff', 'E_CBOR_INDEFINITE', 1],
    ['a20100180100', 'E_CBOR_DUPLICATE_KEY', 3],
    ['a2616100616100', 'E_CBOR_DUPLICATE_KEY', 4],
    ['a2410100410100', 'E_CBOR_DUPLICATE_KEY', 4],
    ['a28101008118010', 'E_CBOR_DUPLICATE_KEY', 4],
    ['62c328', 'E_CBOR_UTF8', 0],
    ['63eda080', 'E_CBOR_UTF8', 0],
  ])('refuses %s with %s at octet %i', (hex, code, offset) => {
    const octets = fromHex(hex.length % 2 === 0 ? hex : `${hex}0`)
    expect(() => decodeCbor(octets)).toThrow(expect.objectContaining({ code, details: { offset } }))
  })

  it('holds its limits of depth and length', () => {
    expect(isCborArray(decodeCbor(nested(16)))).toBe(true)
    expect(() => decodeCbor(nested(17))).toThrow(expect.objectContaining({ code: 'E_CBOR_DEPTH' }))
    expect(() => decodeCbor(fromHex(`${'c1'.repeat(17)}00`))).toThrow('nested')
    expect(decodeCbor(nested(2), { maxDepth: 2 })).toEqual([[0]])
    expect(() => decodeCbor(nested(3), { maxDepth: 2 })).toThrow('at octet 2')
    expect(() => decodeCbor(new Uint8Array(65_537))).toThrow(
      expect.objectContaining({ code: 'E_SIZE_LIMIT' }),
    )
    expect(() => decodeCbor(Uint8Array.of(0x41, 0), { maxLength: 1 })).toThrow('2 octets')
  })

  it('holds its limit of weight, so that small octets cannot take large memory', () => {
    weights('83002060', 7)
    weights('82f6f93c00', 4 + 1 + 1 + 4)
    weights('82a0c140', 4 + 4 + 4 + 2)
    weights('a1410100', 4 + 2 + 12 + 1)
  })

  it('names offsets in the message that the input is a part of', () => {
    expect(() => decodeCbor(fromHex('811c'), { base: 100 })).toThrow('at octet 101')
  })

  it('writes maps in the order of their entries, or in that of core deterministic encoding', () => {
    const map = cborMap(
      ['aa', 0],
      [100, 1],
      [-1, cborMap(['b', 0], [10, 0])],
      [10, 3],
      [7, undefined],
    )
    expect(toHex(encodeCbor(map))).toBe('a46261610018640120a26162000a000a03')
    expect(toHex(encodeCbor(map, { order: 'deterministic' }))).toBe(
      'a40a0318640120a20a0061620062616100',
    )
  })

  it.each([
    [1.5],
    [2 ** 53],
    [2n ** 64n],
    ['\ud800'],
    [new CborSimple(20)],
    [new CborSimple(24)],
    [new CborSimple(256)],
    [new CborSimple(-1)],
  ] satisfies readonly [CborValue][])('refuses to write %o', (value) => {
    expect(() => encodeCbor(value)).toThrow(EatError)
  })

  it('gives octets as views of the input', () => {
    const input = fromHex('4401020304')
    const octets = decodeCbor(input)
    expect(isCborBytes(octets) && octets.buffer === input.buffer).toBe(true)
  })

  it('walks a message head by head', () => {
    const reader = new CborReader(fromHex('d901f5a2008102411803'), { base: 4, maxDepth: 3 })
    expect([reader.next, reader.tag()]).toEqual([6, 501])
    expect([reader.next, reader.map(), reader.value()]).toEqual([5, 2, 0])
    expect([reader.array(), reader.offset, reader.value()]).toEqual([1, 10, 2])
    reader.leave()
    expect([reader.value(), reader.value()]).toEqual([Uint8Array.of(0x18), 3])
    reader.leave()
    reader.leave()
    expect([reader.next, reader.remaining]).toEqual([undefined, 0])
    reader.end()
    expect(() => reader.array()).toThrow(expect.objectContaining({ code: 'E_CBOR_TRUNCATED' }))
    expect(() => new CborReader(fromHex('01')).map()).toThrow(TypeError)
  })

  it('tells values apart', () => {
    expect(isCborMap(cborMap([1, 2]))).toBe(true)
    expect(isCborMap([])).toBe(false)
    expect([isCborInteger(1), isCborInteger(2n ** 60n), isCborInteger('1')]).toEqual([
      true,
      true,
      false,
    ])
    expect(taggedValue(new CborTag(32, 'urn:x'), 32)).toBe('urn:x')
    expect(taggedValue(new CborTag(32, 'urn:x'), 37)).toBeUndefined()
    expect(taggedValue('urn:x', 32)).toBeUndefined()
  })

  it('reads each half-precision number and writes it again', () => {
    for (let bits = 0; bits < 0x1_0000; bits += 1) {
      const value = halfToNumber(bits)
      if (!Number.isNaN(value)) expect(numberToHalf(value)).toBe(bits)
    }
    expect([numberToHalf(65536), numberToHalf(1 + 2 ** -11)]).toEqual([undefined, undefined])
  })
})

const anyInteger = oneof(
  maxSafeInteger(),
  integer({ min: -30, max: 30 }),
  bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
  bigInt({ min: -(2n ** 64n), max: -(2n ** 53n) }),
)
const anyText = string({ unit: 'binary' })

/** Values that both decoders know: no floats without a fraction, no other simple values. */
const { value: anyValue } = letrec<{ value: CborValue; scalar: CborValue }>((tie) => ({
  value: oneof(
    { depthSize: 'small', maxDepth: 5, withCrossShrink: true },
    tie('scalar'),
    array(tie('value'), { maxLength: 4 }),
    uniqueArray(tuple(oneof(anyInteger, anyText), tie('value')), {
      maxLength: 4,
      selector: ([key]) => key,
    }).map((entries) => cborMap(...entries)),
  ),
  scalar: oneof(
    anyInteger,
    anyText,
    boolean(),
    constant(null),
    uint8Array({ maxLength: 40 }).map((octets) => Uint8Array.from(octets)),
  ),
}))

const withTags = tuple(nat(), double(), anyValue).map(([tag, number, value]): CborValue => [
  new CborTag(tag, value),
  new CborFloat(number),
])

describe('CBOR of any value', () => {
  it('is read back as it was written, in either order of maps', () => {
    assert(
      property(oneof(anyValue, withTags), (value) => {
        expect(decodeCbor(encodeCbor(value))).toEqual(value)
        const sorted = encodeCbor(value, { order: 'deterministic' })
        expect(encodeCbor(decodeCbor(sorted))).toEqual(sorted)
      }),
    )
  })

  it('is refused as cut at each prefix', () => {
    assert(
      property(anyValue, (value) => {
        const octets = encodeCbor(value)
        for (let length = 0; length < Math.min(octets.length, 100); length += 1) {
          expect(() => decodeCbor(octets.subarray(0, length))).toThrow(
            expect.objectContaining({ code: 'E_CBOR_TRUNCATED' }),
          )
        }
      }),
    )
  })

  it('is with any octet changed refused, or read as something that is written and read again', () => {
    assert(
      property(anyValue, nat(), integer({ min: 1, max: 255 }), (value, place, change) => {
        const octets = Uint8Array.from(encodeCbor(value))
        const at = place % octets.length
        octets[at] = (octets[at] ?? 0) ^ change
        const read = decodedOrRefused(octets)
        if (read !== undefined) expect(decodeCbor(encodeCbor(read))).toEqual(read)
      }),
    )
  })

  it('is the same to another decoder', () => {
    assert(
      property(anyValue, (value) => {
        const foreign: unknown = cborgDecode(encodeCbor(value), { useMaps: true })
        expect(foreign).toEqual(value)
      }),
    )
  })
})

function decodedOrRefused(octets: Uint8Array): CborValue | undefined {
  try {
    return decodeCbor(octets)
  } catch (error) {
    expect(error).toBeInstanceOf(EatError)
    return undefined
  }
}
