import { readFileSync } from 'node:fs'
import { concat, encodeUtf8, Secret, toHex } from '@keyline/bytes'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { describeValue } from './describe-value.ts'
import { diffFactoryData, diffImages } from './diff.ts'
import { Tag } from './factory-data.ts'
import { decodeImage, encodeImage } from './image.ts'

const file = new URL(
  '../../../../test/vectors/matter/factory-data/full-fff1-8004.bin',
  import.meta.url,
)
const image = Uint8Array.from(readFileSync(file))
const { data } = decodeImage(image)
const marker = Uint8Array.of(0xac, 0xac, 0xac, 0xac)
const records = image.subarray(0, -4)
const unknown = Uint8Array.of(99, 0, 0, 0, 2, 0, 0, 0, 0xca, 0xfe)
const erased = new Uint8Array(100).fill(0xff)

const kindsOf = (a: Uint8Array, b: Uint8Array): readonly string[] =>
  diffImages(a, b).map(({ kind, name }) => `${kind} ${name}`)

function withoutErased(octets: Uint8Array): string {
  return toHex(octets.subarray(0, octets.findLastIndex((octet) => octet !== 0xff) + 1))
}

describe('the difference of two sets', () => {
  it('names tag, kind and what may be shown of both values', () => {
    const other = { ...data, serialNumber: undefined, discriminator: 5, enableKey: '0'.repeat(32) }
    expect(diffFactoryData(data, other)).toEqual([
      {
        kind: 'changed',
        tag: 11,
        name: 'SETUP_DISCRIMINATOR',
        before: '3840 (0x0F00)',
        after: '5 (0x0005)',
      },
      { kind: 'removed', tag: 25, name: 'SERIAL_NUMBER', before: '"TEST_SN"', after: undefined },
      { kind: 'added', tag: 41, name: 'TAG_ID_ENABLE_KEY', before: undefined, after: 'hidden' },
    ])
    expect(diffFactoryData(data, data)).toEqual([])
  })

  it('never shows private key, passcode or verifier', () => {
    const key = new Uint8Array(32).fill(7)
    const verifier = data.verifier?.with(0, 1)
    const other = { ...data, passcode: 123_456, dacPrivateKey: new Secret(key), verifier }
    const shown = JSON.stringify(diffFactoryData(data, other))
    expect(diffFactoryData(data, other).map(({ tag }) => tag)).toEqual([5, 14, 15])
    for (const secret of ['20202021', '123456', toHex(key).slice(0, 8)]) {
      expect(shown).not.toContain(secret)
    }
    for (const { before, after } of diffFactoryData(data, other)) {
      expect([before, after]).toEqual(['hidden', 'hidden'])
    }
  })
})

describe('the difference of two images', () => {
  it('is none for an image and the region that holds it', () => {
    expect(diffImages(image, concat(image, erased))).toEqual([])
    expect(diffImages(records, concat(records, erased))).toEqual([])
  })

  it('tells of unknown and doubled records, order, marker and what stands behind it', () => {
    expect(kindsOf(image, concat(records, unknown, marker))).toEqual(['added tag 99'])
    expect(kindsOf(image, concat(unknown, records, marker))).toEqual(['added tag 99'])
    expect(kindsOf(concat(records, unknown, marker), concat(unknown, records, marker))).toEqual([
      'reordered records',
    ])
    expect(kindsOf(image, records)).toEqual(['removed end marker'])
    expect(kindsOf(image, concat(image, erased, Uint8Array.of(0)))).toEqual([
      'added octets behind the records',
    ])
    const doubled = concat(records, unknown, unknown.with(8, 0), marker)
    expect(kindsOf(doubled, concat(records, unknown, marker))).toEqual(['removed tag 99'])
    const other = Uint8Array.of(98, 0, 0, 0, 1, 0, 0, 0, 1)
    expect(
      kindsOf(concat(unknown, other, unknown, marker), concat(unknown, unknown, other, marker)),
    ).toEqual(['changed image'])
    expect(kindsOf(image, image.subarray(0, 1000))).toContain('removed end marker')
  })

  it('is none exactly when the octets are the same but for erased ones at the end', () => {
    const edit = fc.record({ at: fc.nat({ max: image.length - 1 }), octet: fc.nat({ max: 255 }) })
    const edited = fc
      .tuple(fc.array(edit, { maxLength: 2 }), fc.nat({ max: 40 }))
      .map(([edits, tail]) => {
        const octets = concat(image, erased.subarray(0, tail))
        for (const { at, octet } of edits) octets[at] = octet
        return octets
      })
    fc.assert(
      fc.property(edited, edited, (a, b) => {
        expect(diffImages(a, b).length === 0).toBe(withoutErased(a) === withoutErased(b))
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.uint8Array({ maxLength: 60 }), (a, b) => {
        expect(diffImages(a, b).length === 0).toBe(withoutErased(a) === withoutErased(b))
      }),
    )
  })
})

describe('the excerpt of a value', () => {
  it('shows numbers, texts and digests, and secrets only when asked', () => {
    expect(describeValue(Tag.vendorId, Uint8Array.of(0xf1, 0xff))).toBe('65521 (0xFFF1)')
    expect(describeValue(Tag.salt, Uint8Array.of(1, 2))).toBe('0102')
    expect(describeValue(Tag.salt, new Uint8Array(16))).toBe(
      '0000000000000000…, SHA-256 374708fff7719dd5…',
    )
    expect(describeValue(Tag.vendorName, Uint8Array.of(0xc3))).toBe('c3')
    expect(describeValue(Tag.vendorName, encodeImage({}))).toBe('acacacac')
    expect(describeValue(Tag.vendorName, encodeUtf8('a\u001b\u009b'))).toBe(
      String.raw`"a\u001b\u009b"`,
    )
    expect(describeValue(99, new Uint8Array(0))).toBe('empty')
    const passcode = Uint8Array.of(0x85, 0x61, 0x34, 0x01)
    expect(describeValue(Tag.passcode, passcode)).toBe('hidden')
    expect(describeValue(Tag.passcode, passcode, { showSecrets: true })).toBe(
      '20210053 (0x01346185)',
    )
    const key = new Uint8Array(32).fill(1)
    expect(describeValue(Tag.dacPrivateKey, key)).toBe('hidden')
    expect(describeValue(Tag.dacPrivateKey, key, { showSecrets: true })).toBe('01'.repeat(32))
  })
})
