import { readFileSync } from 'node:fs'
import { concat, encodeUtf8, Secret, seededRandom, toHex } from '@keyline/bytes'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { parseExtendedJson } from './extended-json.ts'
import { factoryDataToExtendedJson } from './extended-writer.ts'
import { factoryDataFields, utf8Length, type FactoryData } from './factory-data.ts'
import { decodeImage, encodeImage } from './image.ts'
import { readImageRecords } from './image-records.ts'
import { profiles } from './profile.ts'
import { factoryDataToStJson, parseStJson } from './st-json.ts'
import { extendedLosses, imageLosses } from './losses.ts'
import { verbatimImage } from './verbatim.ts'

const vector = (name: string): Uint8Array =>
  Uint8Array.from(
    readFileSync(new URL(`../../../../test/vectors/matter/factory-data/${name}`, import.meta.url)),
  )
const stock = ['full-fff1-8004.bin', 'provisioning-fff1-8004.bin'].map(vector)
const files = {
  readFile: (): Promise<Uint8Array> => Promise.reject(new Error('no file is named')),
  random: seededRandom('nothing is drawn'),
}
const header = { profile: 'wba', policy: 'test' } as const

/** What a reader may take for something else: texts around octets, containers around keys. */
const octets = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 602 }),
  fc.constant(encodeUtf8('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')),
  fc.constant(encodeUtf8('-----BEGIN ')),
)
const text = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
  fc.constantFrom('random', 'none', 'derive', '0x1', '\u0000', 'null'),
)
const u16 = fc.nat({ max: 0xffff })
const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const factoryData: fc.Arbitrary<FactoryData> = fc.record(
  {
    certificationDeclaration: octets,
    firmwareInformation: octets,
    dacCertificate: octets,
    paiCertificate: octets,
    dacPrivateKey: fc
      .oneof(
        fc.uint8Array({ minLength: 1, maxLength: 140 }),
        fc.constant(new Uint8Array(32).fill(1)),
      )
      .map((value) => new Secret(value)),
    dacPublicKey: octets,
    discriminator: u16,
    iterations: fc.oneof(u32, fc.constant(1000)),
    salt: fc.oneof(octets, fc.constant(new Uint8Array(16))),
    verifier: octets,
    passcode: fc.oneof(u32, fc.constant(20_202_021)),
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

const options = { profile: profiles.wba, mode: 'reconfigure' } as const
const endMarker = Uint8Array.of(0xac, 0xac, 0xac, 0xac)

function record(tag: number, length: number): Uint8Array {
  return Uint8Array.of(tag, 0, 0, 0, length & 0xff, length >> 8, 0, 0, ...new Uint8Array(length))
}

function lossesOf(image: Uint8Array): readonly string[] {
  return imageLosses(decodeImage(image, { legacy: true })).map(({ kind }) => kind)
}

function containerRulesOf(image: Uint8Array): readonly string[] {
  return verbatimImage(image, options).findings.map(({ rule }) => rule)
}

describe('conversion', () => {
  it('over either JSON form gives back the octets of any image', async () => {
    await fc.assert(
      fc.asyncProperty(factoryData, async (data) => {
        const image = encodeImage(data)
        const decoded = decodeImage(image)
        expect(imageLosses(decoded)).toEqual([])
        const st = parseStJson(factoryDataToStJson(decoded.data))
        expect(st.findings).toEqual([])
        expect(toHex(encodeImage(st.data))).toBe(toHex(image))
        const extended = await parseExtendedJson(factoryDataToExtendedJson(st.data, header), files)
        expect(extended.findings).toEqual([])
        expect(toHex(encodeImage(extended.data))).toBe(toHex(image))
      }),
    )
  })

  it.each(stock.map((image, index) => [index, image] as const))(
    'gives back stock image %i over both forms',
    async (_, image) => {
      const { data } = decodeImage(image)
      const extended = await parseExtendedJson(factoryDataToExtendedJson(data, header), files)
      const st = parseStJson(factoryDataToStJson(extended.data))
      expect(toHex(encodeImage(st.data))).toBe(toHex(image))
    },
  )

  it('says what it cannot keep, and keeps all else', () => {
    const [image = new Uint8Array()] = stock
    const records = image.subarray(0, -4)
    const unknown = Uint8Array.of(99, 0, 0, 0, 2, 0, 0, 0, 0xca, 0xfe)
    expect(lossesOf(concat(records, unknown, endMarker))).toEqual(['unknown-record'])
    expect(lossesOf(records)).toEqual(['no-end-marker'])
    expect(lossesOf(concat(unknown, records, endMarker))).toEqual([
      'unknown-record',
      'record-order',
    ])
    expect(lossesOf(concat(records, Uint8Array.of(11, 0, 0, 0, 0, 0, 0, 0), endMarker))).toContain(
      'unreadable-record',
    )
  })
})

async function extendedLossesOf(members: object): Promise<readonly string[]> {
  const text = JSON.stringify({ format: 'matter-factory/1', ...members })
  return extendedLosses(await parseExtendedJson(text, files)).map(({ kind }) => kind)
}

describe('a set of the extended form', () => {
  it('says what neither an image nor the other form can hold', async () => {
    expect(
      await extendedLossesOf({ commissioning: { passcode: 5, flow: 0, discovery: ['ble'] } }),
    ).toEqual([])
    expect(
      await extendedLossesOf({ commissioning: { passcode: 5, storePasscode: false } }),
    ).toEqual(['passcode'])
    expect(
      await extendedLossesOf({ commissioning: { flow: 1 }, info: { partNumber: 'A' } }),
    ).toEqual(['onboarding', 'attribute'])
  })
})

describe('an image to be programmed verbatim', () => {
  it('keeps unknown records and their order, without the erased octets behind', () => {
    const image = concat(record(99, 3), record(24, 2), record(11, 2), endMarker)
    const { octets: kept, findings } = verbatimImage(
      concat(image, new Uint8Array(50).fill(0xff)),
      options,
    )
    expect(toHex(kept)).toBe(toHex(image))
    expect(findings.map(({ rule }) => rule)).toEqual(['FD-047'])
  })

  it('does not ask what the values mean, but whether the device can read its records', () => {
    expect(containerRulesOf(concat(record(22, 2), endMarker))).toEqual([])
    expect(containerRulesOf(concat(record(21, 603), endMarker))).toEqual(['FD-007'])
    expect(containerRulesOf(concat(record(22, 4), endMarker))).toEqual(['FD-050'])
    expect(containerRulesOf(record(22, 2))).toEqual(['FD-045'])
    const large = concat(
      ...Array.from({ length: 110 }, (_, tag) => record(100 + tag, 600)),
      endMarker,
    )
    expect(containerRulesOf(large)).toContain('FD-008')
  })
})

describe('records', () => {
  it('of any octets that are read whole put together give the octets', () => {
    fc.assert(
      fc.property(factoryData, (data) => {
        const image = encodeImage(data)
        const { records, length } = readImageRecords(image)
        expect(length).toBe(image.length)
        expect(records).toHaveLength(
          factoryDataFields.filter(({ field }) => data[field] !== undefined).length,
        )
        for (const { offset, value, tag } of records) {
          const view = new DataView(image.buffer, image.byteOffset + offset)
          expect([view.getUint32(0, true), view.getUint32(4, true)]).toEqual([tag, value.length])
        }
      }),
    )
  })
})

describe('the length of a text', () => {
  it('is that of its UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (any) => {
        expect(utf8Length(any)).toBe(encodeUtf8(any).length)
      }),
    )
    for (const any of ['\ud800', '\udc00', '\ud800a', 'é€😀', '\udc00\ud800']) {
      expect(utf8Length(any)).toBe(encodeUtf8(any).length)
    }
  })
})
