import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson, type JsonValue } from './canonical-json.ts'
import { fromHex } from './hex.ts'
import { parseJson } from './json.ts'
import { decodeUtf8 } from './octets.ts'

/** What a caller without types could pass. */
const foreign = (value: unknown): JsonValue => value as JsonValue

describe('canonical JSON (RFC 8785)', () => {
  it('gives the octets of the example in section 3.2.4', () => {
    const source = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`
    const octets = fromHex(
      [
        '7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a',
        '5b3333333333333333332e333333333333332c31652b33302c342e352c302e3030322c31652d3237',
        '5d2c22737472696e67223a22e282ac245c75303030665c6e4127425c225c5c5c5c5c222f227d',
      ].join(''),
    )
    expect(canonicalJson(parseJson(source, 'example'))).toBe(decodeUtf8(octets))
  })

  it('sorts members by UTF-16 code units, as the example in section 3.2.3', () => {
    const members = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    }
    const order = [...canonicalJson(members).matchAll(/:"([^"]*)"/g)].map(([, value]) => value)
    expect(order).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ])
  })

  // Appendix B of the RFC: IEEE 754 octets and their text.
  it.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('writes the number of the octets %s as %s', (octets, text) => {
    const number = new DataView(fromHex(octets).buffer).getFloat64(0)
    expect(canonicalJson(number)).toBe(text)
  })

  it('leaves out members that are undefined', () => {
    expect(canonicalJson({ a: undefined, b: 1, c: { d: undefined } })).toBe('{"b":1,"c":{}}')
  })

  it('takes members whose names mean something to JavaScript as any other', () => {
    expect(canonicalJson({ toString: 1, length: 2, valueOf: 3 })).toBe(
      '{"length":2,"toString":1,"valueOf":3}',
    )
  })

  it.each<[string, unknown, string]>([
    ['NaN', { a: [1, Number.NaN] }, '$.a[1] is NaN'],
    ['Infinity', Number.NEGATIVE_INFINITY, '$ is -Infinity'],
    ['a lone surrogate in a text', { a: '\ud800' }, '$.a has a lone surrogate'],
    ['a lone surrogate in a name', { '\udc00': 1 }, '$ has a lone surrogate'],
    ['a bigint', { a: 1n }, '$.a is of type bigint'],
    ['undefined itself', undefined, '$ is of type undefined'],
    ['undefined in a list', [1, undefined], '$[1] is of type undefined'],
    ['a hole in a list', Array(2), '$[0] is of type undefined'],
    ['a function', { a: () => 1 }, '$.a is of type function'],
    ['a date', { at: new Date(0) }, '$.at is no plain object'],
    ['a map', new Map([['a', 1]]), '$ is no plain object'],
    ['octets', { key: new Uint8Array(2) }, '$.key is no plain object'],
  ])('refuses %s and names the place', (_, value, message) => {
    expect(() => canonicalJson(foreign(value))).toThrow(
      expect.objectContaining({ code: 'CANONICAL_JSON', message }),
    )
  })

  it('holds 64 levels and refuses the 65th, and so a circle', () => {
    const nested = (levels: number): JsonValue => (levels === 0 ? 1 : [nested(levels - 1)])
    expect(canonicalJson(nested(64))).toBe(`${'['.repeat(64)}1${']'.repeat(64)}`)
    expect(() => canonicalJson(nested(65))).toThrow(/is nested deeper than 64$/)
    const circle: JsonValue[] = []
    circle.push(circle)
    expect(() => canonicalJson(circle)).toThrow(/is nested deeper than 64$/)
  })

  it('says the same as JSON, in one form whatever the order of the members', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }), (drawn) => {
        const value = foreign(drawn)
        const canonical = canonicalJson(value)
        expect(JSON.parse(canonical)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(canonicalJson(reversed(value))).toBe(canonical)
        expect(canonicalJson(foreign(JSON.parse(canonical)))).toBe(canonical)
      }),
    )
  })

  it('is read back by our own parser, also where numbers are large', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        expect(parseJson(canonicalJson([number]), 'numbers')).toEqual([number === 0 ? 0 : number])
      }),
    )
  })
})

/** The same value with its members the other way round. */
function reversed(value: JsonValue): JsonValue {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(reversed)
  const members = Object.entries(value).map(([name, member]) => [name, reversed(member ?? null)])
  return Object.fromEntries(members.toReversed())
}
