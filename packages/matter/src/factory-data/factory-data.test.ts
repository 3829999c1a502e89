import { readFileSync } from 'node:fs'
import { fromHex, seededRandom } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { check } from '../../../../test/support/vectors/matter-factory-data.ts'
import { check as checkSpake2p } from '../../../../test/support/vectors/matter-spake2p.ts'
import { appendCredentials } from './append-credentials.ts'
import { factoryDataFields, Tag } from './factory-data.ts'
import { decodeImage, encodeImage } from './image.ts'
import { appendedCredentialsMax, profiles } from './profile.ts'
import { readWithStReader } from './st-reader.ts'

const vectors = new URL('../../../../test/vectors/matter/', import.meta.url)
const fullImage = Uint8Array.from(readFileSync(new URL('factory-data/full-fff1-8004.bin', vectors)))

describe('factory data', () => {
  it.each([
    ['encode.json', 10],
    ['read.json', 13],
    ['provisioning-firmware.json', 8],
    ['invalid-binary.json', 14],
    ['invalid-input.json', 34],
  ])('agrees with every case of %s', async (name, count) => {
    const json: unknown = JSON.parse(readFileSync(new URL(`factory-data/${name}`, vectors), 'utf8'))
    const results = await check({ path: `matter/factory-data/${name}`, json })
    expect(results.filter((result) => !result.ok)).toEqual([])
    expect(results).toHaveLength(count)
  })

  it.each([
    ['verifiers.json', 20],
    ['invalid.json', 21],
  ])('agrees with every case of spake2p/%s', async (name, count) => {
    const json: unknown = JSON.parse(readFileSync(new URL(`spake2p/${name}`, vectors), 'utf8'))
    const results = await checkSpake2p({ path: `matter/spake2p/${name}`, json })
    expect(results.filter((result) => !result.ok)).toEqual([])
    expect(results).toHaveLength(count)
  })

  it('has one number for each field, ascending, the same in both tables', () => {
    const tags = factoryDataFields.map((entry) => entry.tag)
    expect(tags).toEqual(tags.toSorted((a, b) => a - b))
    expect(Object.fromEntries(factoryDataFields.map(({ field, tag }) => [field, tag]))).toEqual(Tag)
  })
})

describe("ST's reader", () => {
  it('answers OK with nothing when the records end exactly at the last octet', () => {
    const region = Uint8Array.from([...fromHex('1600000002000000f1ff'), 0xff])
    expect(readWithStReader(region, 24, 2)).toEqual({ status: 'OK', value: new Uint8Array(0) })
  })

  it('finds every field of an image that keeps the rules', () => {
    const region = new Uint8Array(profiles.wba.size).fill(0xff)
    region.set(fullImage)
    const { data } = decodeImage(fullImage)
    const read = readWithStReader(region, Tag.serialNumber, 33)
    expect(read.status === 'OK' && Buffer.from(read.value).toString()).toBe(data.serialNumber)
  })

  it('of the first generation takes the end marker for a record of impossible length', () => {
    const region = new Uint8Array(1000).fill(0xff)
    region.set(fromHex('1600000002000000f1ffacacacac'))
    expect(readWithStReader(region, 24, 2, 'G1').status).toBe('PARAM_ERROR')
    expect(readWithStReader(region, 24, 2, 'G2').status).toBe('DATA_NOT_FOUND')
    expect(readWithStReader(region, 22, 2, 'G1').status).toBe('OK')
  })
})

describe('appendCredentials', () => {
  const random = seededRandom('credentials')
  const credentials = {
    dac: random.bytes(500),
    pai: random.bytes(460),
    publicKey: random.bytes(65),
  }
  const image = encodeImage({ vendorId: 0xfff1 })

  it('leaves an image that decodes to the old fields and the new ones', () => {
    const result = appendCredentials(regionOf(image), credentials, { window: 4096 })
    if (!result.ok) throw new Error(result.reason)
    const decoded = decodeImage(result.region)
    expect(decoded).toMatchObject({ findings: [], generation: 'G2p' })
    expect(decoded.data).toMatchObject({ vendorId: 0xfff1, dacPublicKey: credentials.publicKey })
    expect(decoded.data.dacPrivateKey).toBeUndefined()
  })

  it('erases what lies behind the window', () => {
    const region = regionOf(image)
    region.fill(0, 2048)
    const result = appendCredentials(region, credentials, { window: 2048 })
    expect(result.ok && result.region.subarray(2048).every((octet) => octet === 0xff)).toBe(true)
  })

  it('refuses a marker at the start, and records that do not fit the window', () => {
    const options = { window: 1000 }
    const marker = regionOf(fromHex('acacacac'))
    expect(appendCredentials(marker, credentials, options)).toEqual({
      ok: false,
      reason: 'only-marker',
    })
    expect(appendCredentials(regionOf(image), credentials, options)).toEqual({
      ok: false,
      reason: 'no-room',
    })
  })

  it('has the room that the profiles leave', () => {
    expect(appendedCredentialsMax).toBe(1337)
    expect(profiles.wb55.maxProvisioningImage).toBe(16_384 - 1337)
    expect(profiles.wba.factoryDataAddress + profiles.wba.size - 1).toBe(0x081f_afff)
    expect(profiles.wb55.factoryDataAddress + profiles.wb55.size - 1).toBe(0x901c_ffff)
  })
})

function regionOf(octets: Uint8Array, size = 4096): Uint8Array {
  const region = new Uint8Array(size).fill(0xff)
  region.set(octets)
  return region
}
