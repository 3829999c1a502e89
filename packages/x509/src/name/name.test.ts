import { fromHex, toHex } from '@keyline/bytes'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { DerReader } from '../der/reader.ts'
import { DerTag } from '../der/tag.ts'
import { derOid, derSequence, derSet, derUtf8 } from '../der/writer.ts'
import { Oid } from '../oids.ts'
import { attributeText, name, readName, readNameDer } from './name.ts'

describe('names', () => {
  it('are a sequence of sets of one attribute', () => {
    expect(toHex(name([{ type: Oid.commonName, value: 'Matter Test PAA' }]))).toBe(
      '301a3118301606035504030c0f4d6174746572205465737420504141',
    )
  })

  it('bring types and texts back in their order', () => {
    const attribute = fc.record({
      type: fc.constantFrom(Oid.commonName, Oid.organization, '1.3.6.1.4.1.37244.2.1'),
      value: fc.string({ unit: 'grapheme', maxLength: 70 }),
    })
    fc.assert(
      fc.property(fc.array(attribute, { maxLength: 5 }), (attributes) => {
        const read = readName(name(attributes))
        expect(read.map((item) => ({ type: item.type, value: attributeText(item) }))).toEqual(
          attributes,
        )
      }),
    )
  })

  it('write a PrintableString where it is asked for, and refuse what it cannot hold', () => {
    const country = { type: Oid.country, value: 'DE', printable: true }
    expect(readName(name([country]))[0]?.tag).toBe(DerTag.printableString)
    expect(() => name([{ ...country, value: 'Ü' }])).toThrow('is not a PrintableString')
  })

  it('read several attributes of one set', () => {
    const der = derSequence(
      derSet(attributeOf(Oid.commonName, 'a'), attributeOf(Oid.organization, 'b')),
    )
    expect(readName(der).map(attributeText)).toEqual(['a', 'b'])
  })

  it.each([
    ['an empty set', '30023100'],
    ['an attribute without a value', '3009310730050603550403'],
    ['an attribute with two values', '300d310b3009060355040305000500'],
    ['a set that is a sequence', '30023000'],
  ])('refuse %s', (_, hex) => {
    expect(() => readName(fromHex(hex))).toThrow(expect.objectContaining({ code: 'DER_MALFORMED' }))
    expect(() => readNameDer(new DerReader(fromHex(hex)), 'subject')).toThrow(
      expect.objectContaining({ code: 'DER_MALFORMED' }),
    )
  })

  it('have no text where the octets are none of their type', () => {
    const value = Uint8Array.of(0xc3, 0x28)
    expect(attributeText({ type: Oid.commonName, tag: DerTag.utf8String, value })).toBeUndefined()
    const latin = Uint8Array.of(0xc3, 0xa9)
    const ia5 = { type: Oid.commonName, tag: DerTag.ia5String, value: latin }
    expect(attributeText(ia5)).toBeUndefined()
    expect(attributeText({ ...ia5, tag: DerTag.null })).toBeUndefined()
  })
})

function attributeOf(type: string, text: string): Uint8Array {
  return derSequence(derOid(type), derUtf8(text))
}
