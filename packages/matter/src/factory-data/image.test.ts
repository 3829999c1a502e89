import { readFileSync } from 'node:fs'
import { concat, fromHex, Secret, toHex } from '@keyline/bytes'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import type { FactoryData } from './factory-data.ts'
import { decodeImage, encodeImage } from './image.ts'
import { factoryDataToStJson, parseStJson } from './st-json.ts'

const file = new URL(
  '../../../../test/vectors/matter/factory-data/full-fff1-8004.bin',
  import.meta.url,
)
const fullImage = Uint8Array.from(readFileSync(file))

const octets = fc.uint8Array({ minLength: 1, maxLength: 602 })
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
const u16 = fc.nat({ max: 0xffff })
const u32 = fc.integer({ min: 0, max: 0xffff_ffff })

/** Any set that has an encoding which ST's reader can pass; the values need not keep the rules. */
const factoryData: fc.Arbitrary<FactoryData> = fc.record(
  {
    certificationDeclaration: octets,
    firmwareInformation: octets,
    dacCertificate: octets,
    paiCertificate: octets,
    dacPrivateKey: octets.map((value) => new Secret(value)),
    dacPublicKey: octets,
    discriminator: u16,
    iterations: u32,
    salt: octets,
    verifier: octets,
    passcode: u32,
    vendorName: text,
    vendorId: u16,
    productName: text,
    productId: u16,
    serialNumber: text,
    manufacturingDate: text,
    hardwareVersion: u16,
    hardwareVersionString: text,
    rotatingDeviceId: text,
    enableKey: text,
  },
  { requiredKeys: [] },
)

describe('images', () => {
  it('bring any set back, and the JSON form too', () => {
    fc.assert(
      fc.property(factoryData, (data) => {
        const image = encodeImage(data)
        const decoded = decodeImage(image)
        expect(decoded.findings).toEqual([])
        expect(toHex(encodeImage(decoded.data))).toBe(toHex(image))
        const parsed = parseStJson(factoryDataToStJson(decoded.data))
        expect(parsed.findings).toEqual([])
        expect(toHex(encodeImage(parsed.data))).toBe(toHex(image))
      }),
    )
  })

  it('are refused when they are cut anywhere', () => {
    for (let length = 0; length < fullImage.length; length++) {
      const { findings } = decodeImage(fullImage.subarray(0, length))
      expect(findings.map(({ rule }) => rule).join()).toMatch(/^FD-04[45]$/)
    }
  })

  it('with one changed octet are refused or encode to themselves', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const image = Uint8Array.from(fullImage)
        const at = place % image.length
        image[at] = (image[at] ?? 0) ^ change
        const decoded = decodeImage(image)
        if (decoded.findings.length > 0 || decoded.generation !== 'G2') return
        expect(toHex(encodeImage(decoded.data))).toBe(toHex(image))
      }),
    )
  })

  it('of any octets neither throw nor hang', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
        expect(decodeImage(octets, { legacy: true }).length).toBeLessThanOrEqual(octets.length)
      }),
    )
  })

  it('without marker are accepted as legacy, with or without erased tail', () => {
    const records = fullImage.subarray(0, -4)
    for (const tail of [0, 3, 8, 100]) {
      const image = concat(records, new Uint8Array(tail).fill(0xff))
      const decoded = decodeImage(image, { legacy: true })
      expect(decoded.findings).toEqual([])
      expect(decoded.generation).toBe('G1')
      expect(toHex(encodeImage(decoded.data))).toBe(toHex(fullImage))
    }
  })

  it.each([
    ['0b00000002000000000f0b00000002000000010facacacac', ['FD-043']],
    ['630000000100000000acacacac', ['FD-047']],
    ['6300000000000000acacacac', ['FD-047', 'FD-006']],
    ['0b00000000000000acacacac', ['FD-006']],
    ['1500000002000000c328acacacac', ['FD-025']],
    ['acacacac00', ['FD-046']],
    ['acacacacffffffffff', []],
    ['', ['FD-045']],
    ['ffffffffffffffff', ['FD-045']],
    ['ffffffffffffffff00', ['FD-044']],
  ])('report %s as %j', (hex, rules) => {
    expect(decodeImage(fromHex(hex)).findings.map(({ rule }) => rule)).toEqual(rules)
  })

  it('keep the first record of a tag, as the device does', () => {
    const { data } = decodeImage(fromHex('0b00000002000000000f0b00000002000000010facacacac'))
    expect(data.discriminator).toBe(0x0f00)
  })

  it('cannot hold a number or a text without encoding', () => {
    expect(() => encodeImage({ vendorId: 65_536 })).toThrow(/VENDOR_ID does not fit 2 octets/)
    expect(() => encodeImage({ vendorName: '\ud800' })).toThrow(/VENDOR_NAME has a lone surrogate/)
  })
})
