import { encodeUtf8, isKeylineError, toBase64url } from '@keyline/bytes'
import { CborTag, encodeCbor, type CborValue } from '@keyline/eat'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scaled, testSeed } from '../../../../../test/support/scale.ts'
import { contentFormatTag, unwrapCmw, wrapperOf } from './cmw.ts'

const type = 'application/psa-attestation-token'
const value = Uint8Array.of(0xd2, 0x84, 0xff)
const profile2023 = 'application/eat+cwt; eat_profile="tag:psacertified.org,2023:psa#tfm"'

function text(json: unknown): Uint8Array {
  return encodeUtf8(JSON.stringify(json))
}

function refusal(act: () => unknown): string {
  try {
    act()
    return 'none'
  } catch (error) {
    if (isKeylineError(error)) return `${error.code} ${error.message}`
    throw error
  }
}

describe('a wrapper', () => {
  it.each([
    ['application/cmw', 'either'],
    ['application/cmw+json', 'json'],
    ['Application/CMW+CBOR; x=1', 'cbor'],
    ['application/vnd.veraison.cmw+json', 'json'],
    ['application/vnd.veraison.cmw+cbor', 'cbor'],
    [type, undefined],
    ['application/cmw+xml', undefined],
  ])('has the media type %s: %s', (mediaType, serialisation) => {
    expect(wrapperOf(mediaType)).toBe(serialisation)
  })

  it.each([
    ['a record in JSON', text([type, toBase64url(value)]), 'json'],
    ['a record in JSON with kinds', text([type, toBase64url(value), 4]), 'json'],
    ['a record in CBOR', encodeCbor([type, value]), 'cbor'],
    ['a record in CBOR with kinds', encodeCbor([type, value, 4]), 'cbor'],
    ['JSON that is not named', encodeUtf8(` \n${JSON.stringify([type, '0oT_'])}`), 'either'],
    ['CBOR that is not named', encodeCbor([type, value]), 'either'],
  ] as const)('is unwrapped: %s', (_, octets, serialisation) => {
    expect(unwrapCmw(octets, serialisation)).toEqual({ type, value })
  })

  it.each([
    ['a number in JSON', text([10_003, toBase64url(value)]), 'json'],
    ['a number in CBOR', encodeCbor([10_003, value]), 'cbor'],
    ['the tag in CBOR', encodeCbor(new CborTag(1_668_556_859, value)), 'cbor'],
  ] as const)('names its content format: %s', (_, octets, serialisation) => {
    expect(unwrapCmw(octets, serialisation)).toEqual({ type: profile2023, value })
  })

  it('has the tags of RFC 9277, of 255 formats each', () => {
    // The first format, the first and last of a run, and EAT and Intel's profile of it as they are registered.
    expect([0, 254, 255, 263, 10_005].map(contentFormatTag)).toEqual([
      1_668_546_817, 1_668_547_071, 1_668_547_073, 1_668_547_081, 1_668_556_861,
    ])
  })

  it.each([
    ['a collection in JSON', text({ a: [type, 'AA'] }), 'json'],
    ['a collection in CBOR', encodeCbor(new Map<CborValue, CborValue>([['a', 1]])), 'cbor'],
    ['a collection that is not named', text({}), 'either'],
    ['a content format that is not known', encodeCbor([0, value]), 'cbor'],
    ['a tag of a format that is not known', encodeCbor(new CborTag(1_668_547_081, value)), 'cbor'],
  ] as const)('with %s is no evidence', (_, octets, serialisation) => {
    expect(refusal(() => unwrapCmw(octets, serialisation))).toMatch(/^SERVER_MEDIA_TYPE/)
  })

  it.each([
    ['nothing', new Uint8Array(), 'either'],
    ['text that is no JSON', encodeUtf8('[1'), 'json'],
    ['no UTF-8', Uint8Array.of(0x5b, 0xff), 'json'],
    ['a text', text('x'), 'json'],
    ['one item', text([type]), 'json'],
    ['four items', text([type, 'AA', 1, 1]), 'json'],
    ['a value that is no text', text([type, 1]), 'json'],
    ['a value that is no base64url', text([type, '*']), 'json'],
    ['a type that is neither', text([null, 'AA']), 'json'],
    ['a type beyond the formats', text([65_536, 'AA']), 'json'],
    ['kinds that are none', text([type, 'AA', 0]), 'json'],
    ['kinds that are no number', text([type, 'AA', '4']), 'json'],
    ['CBOR that is cut', encodeCbor([type, value]).subarray(0, 9), 'cbor'],
    ['octets behind it', Uint8Array.of(...encodeCbor([type, value]), 0), 'cbor'],
    ['a value that is no byte string', encodeCbor([type, 'AA']), 'cbor'],
    ['a tag that stands for nothing', encodeCbor(new CborTag(18, value)), 'cbor'],
    ['a tag between two runs', encodeCbor(new CborTag(1_668_546_817 + 255, value)), 'cbor'],
    ['a tag beyond the formats', encodeCbor(new CborTag(1_668_700_000, value)), 'cbor'],
    ['a tag around a text', encodeCbor(new CborTag(1_668_556_859, 'x')), 'cbor'],
    ['JSON where CBOR is named', text([type, 'AA']), 'cbor'],
    ['CBOR where JSON is named', encodeCbor([type, value]), 'json'],
  ] as const)('with %s is refused in the words of the interface', (_, octets, serialisation) => {
    expect(refusal(() => unwrapCmw(octets, serialisation))).toMatch(
      /^SERVER_CMW could not unwrap the CMW: ./,
    )
  })

  it('gives back what was wrapped, in every form', () => {
    const kinds = fc.option(fc.integer({ min: 1, max: 15 }), { nil: undefined })
    fc.assert(
      fc.property(fc.string(), fc.uint8Array({ maxLength: 300 }), kinds, (name, octets, kind) => {
        const tail = kind === undefined ? [] : [kind]
        const json = text([name, toBase64url(octets), ...tail])
        const padded = text([
          name,
          Buffer.from(octets).toString('base64').replaceAll('+', '-').replaceAll('/', '_'),
        ])
        const cbor = encodeCbor([name, octets, ...tail])
        for (const wrapped of [json, padded, cbor]) {
          const { type: found, value: content } = unwrapCmw(wrapped, 'either')
          expect([found, Buffer.from(content)]).toEqual([name, Buffer.from(octets)])
        }
      }),
      { seed: testSeed, numRuns: scaled(100, 10_000) },
    )
  })

  it('of any octets is unwrapped or refused, and nothing else happens', () => {
    const forms = fc.constantFrom('json', 'cbor', 'either')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), forms, (octets, form) => {
        expect(refusal(() => unwrapCmw(octets, form))).toMatch(
          /^(?:none|SERVER_CMW .*|SERVER_MEDIA_TYPE .*)$/s,
        )
      }),
      { seed: testSeed, numRuns: scaled(300, 100_000) },
    )
  })
})
