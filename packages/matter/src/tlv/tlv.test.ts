import { readFileSync } from 'node:fs'
import { BytesError, fromHex, toHex } from '@keyline/bytes'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { check } from '../../../../test/support/vectors/matter-tlv.ts'
import { MatterError } from '../errors.ts'
import { decodeTlv } from './decode.ts'
import type { TlvElement, TlvTag } from './element.ts'
import { encodeTlv } from './encode.ts'

const file = new URL('../../../../test/vectors/matter/tlv/elements.json', import.meta.url)

const contextTag = fc.nat({ max: 255 })
const profileTag = fc.record({
  profile: fc.oneof(
    fc.constantFrom('common' as const, 'implicit' as const),
    fc.record({ vendorId: fc.nat({ max: 0xffff }), number: fc.nat({ max: 0xffff }) }),
  ),
  number: fc.oneof(fc.nat({ max: 0xffff }), fc.integer({ min: 0x1_0000, max: 0xffff_ffff })),
})

const scalar: fc.Arbitrary<TlvElement> = fc.oneof(
  fc.record({
    type: fc.constant('int' as const),
    value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(narrow),
  }),
  fc.record({
    type: fc.constant('uint' as const),
    value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(narrow),
  }),
  fc.record({ type: fc.constant('bool' as const), value: fc.boolean() }),
  fc.record({ type: fc.constant('double' as const), value: fc.double() }),
  fc.record({ type: fc.constant('float' as const), value: fc.float() }),
  fc.record({ type: fc.constant('text' as const), value: fc.string({ unit: 'grapheme' }) }),
  fc.record({ type: fc.constant('octets' as const), value: fc.uint8Array({ maxLength: 300 }) }),
  fc.record({ type: fc.constant('null' as const) }),
)

const { element } = fc.letrec<{ element: TlvElement }>((tie) => ({
  element: fc.oneof({ maxDepth: 3 }, scalar, container(tie('element'))),
}))

function narrow(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

function container(member: fc.Arbitrary<TlvElement>): fc.Arbitrary<TlvElement> {
  const members = fc.array(member, { maxLength: 4 })
  const tag: fc.Arbitrary<TlvTag> = fc.oneof(contextTag, profileTag)
  const tagged = fc.uniqueArray(fc.tuple(tag, member), {
    maxLength: 4,
    selector: ([key]) => JSON.stringify(key),
  })
  return fc.oneof(
    tagged.map((list) => structure(list)),
    members.map((value): TlvElement => ({ type: 'array', value })),
    members.map((value): TlvElement => ({ type: 'list', value })),
  )
}

function structure(members: readonly (readonly [TlvTag, TlvElement])[]): TlvElement {
  return { type: 'structure', value: members.map(([tag, member]) => ({ ...member, tag })) }
}

describe('Matter TLV', () => {
  it('agrees with every vector', async () => {
    const json: unknown = JSON.parse(readFileSync(file, 'utf8'))
    const results = await check({ path: 'matter/tlv/elements.json', json })
    expect(results.filter((result) => !result.ok)).toEqual([])
    expect(results).toHaveLength(23)
  })

  it.each<[string, TlvElement]>([
    ['08', { type: 'bool', value: false }],
    ['00ef', { type: 'int', value: -17 }],
    ['012a00', { type: 'int', value: 42, width: 2 }],
    ['02f067fdff', { type: 'int', value: -170000 }],
    ['0c0648656c6c6f21', { type: 'text', value: 'Hello!' }],
    ['4401002a', { tag: { profile: 'common', number: 1 }, type: 'uint', value: 42 }],
    ['64a08601002a', { tag: { profile: 'common', number: 100_000 }, type: 'uint', value: 42 }],
    [
      'e4f1ffeddeedfe55aa2a',
      {
        tag: { profile: { vendorId: 0xfff1, number: 0xdeed }, number: 0xaa55_feed },
        type: 'uint',
        value: 42,
      },
    ],
    ['070000000000000080', { type: 'uint', value: 2n ** 63n }],
    ['0b6666666666e63140', { type: 'double', value: 17.9 }],
    [
      '1520002a2001ef18',
      {
        type: 'structure',
        value: [
          { tag: 0, type: 'int', value: 42 },
          { tag: 1, type: 'int', value: -17 },
        ],
      },
    ],
  ])('reads %s as its meaning', (hex, expected) => {
    expect(decodeTlv(fromHex(hex))).toEqual(expected)
    expect(toHex(encodeTlv(expected))).toBe(hex)
  })

  it('brings any element back', () => {
    fc.assert(
      fc.property(element, (value) => {
        expect(decodeTlv(encodeTlv(value))).toEqual(value)
      }),
    )
  })

  it('refuses every prefix as cut', () => {
    fc.assert(
      fc.property(element, (value) => {
        const octets = encodeTlv(value)
        for (let length = 0; length < octets.length; length++) {
          expect(() => decodeTlv(octets.subarray(0, length))).toThrow(BytesError)
        }
      }),
    )
  })

  it('refuses a changed octet or reads it as what encodes to it again', () => {
    fc.assert(
      fc.property(element, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, place, change) => {
        const octets = encodeTlv(value)
        const at = place % octets.length
        octets[at] = (octets[at] ?? 0) ^ change
        expectRefusedOrStable(octets)
      }),
    )
  })

  it('survives any octets', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), expectRefusedOrStable))
  })

  it.each([
    ['15002a18', /no tag/],
    ['1620002a18', /has a tag/],
    ['1524000124000218', /occurs twice/],
    ['15'.repeat(1) + '3500'.repeat(8) + '18'.repeat(9), /too deeply/],
    ['0a0100c07f', /NaN/],
    ['0c02c328', /UTF-8/],
    ['0800', /1 octets follow/],
  ])('refuses %s', (hex, message) => {
    expect(() => decodeTlv(fromHex(hex))).toThrow(message)
  })

  it('bounds the size', () => {
    expect(() => decodeTlv(new Uint8Array(11), { maxLength: 10 })).toThrow(/at most 10/)
  })

  it('refuses values that have no encoding', () => {
    expect(() => encodeTlv({ type: 'uint', value: -1 })).toThrow(MatterError)
    expect(() => encodeTlv({ type: 'int', value: 2n ** 63n })).toThrow(MatterError)
    expect(() => encodeTlv({ type: 'text', value: '\ud800' })).toThrow(MatterError)
  })
})

function expectRefusedOrStable(octets: Uint8Array): void {
  let decoded: TlvElement
  try {
    decoded = decodeTlv(octets)
  } catch (error) {
    expect(error instanceof BytesError || error instanceof MatterError).toBe(true)
    return
  }
  expect(toHex(encodeTlv(decoded))).toBe(toHex(octets))
}
