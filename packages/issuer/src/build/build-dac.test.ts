import { generateP256, keyPairSigner } from '@keyline/crypto'
import { checkDac } from '@keyline/matter'
import { noExpiry } from '@keyline/x509'
import { beforeAll, describe, expect, it } from 'vitest'
import { testPki, today } from '../testing/test-line.ts'
import { buildDac, checkIssuing, type DacInput } from './build-dac.ts'
import { readPai } from './pai.ts'

let good: DacInput

beforeAll(async () => {
  const { paa, pai } = await testPki({ notAfter: new Date('2036-05-01T00:00:00Z') })
  expect(readPai(paa.certificate).problems).not.toEqual([])
  good = {
    pai: readPai(pai.certificate),
    signer: keyPairSigner(pai.keyPair),
    publicKey: generateP256().publicKey,
    serialNumber: Uint8Array.of(1),
    commonName: 'Matter DAC 1',
    vendorId: 0xfff1,
    productId: 0x8004,
    notBefore: today,
    notAfter: new Date('2036-05-01T00:00:00Z'),
    now: today,
  }
})

const rulesOf = (input: DacInput): readonly string[] => checkIssuing(input).map(({ rule }) => rule)

describe('the rules of issuing', () => {
  it('are all kept by a good certificate, which satisfies the profile', async () => {
    expect(rulesOf(good)).toEqual([])
    expect(checkDac(await buildDac(good))).toEqual([])
  })

  it.each<readonly [string, string, (input: DacInput) => Partial<DacInput>]>([
    [
      'ISS-01',
      'a PAI that violates its profile',
      ({ pai }) => ({ pai: { ...pai, problems: ['EXT-BC-CA'] } }),
    ],
    ['ISS-02', 'a key of another', () => ({ signer: keyPairSigner(generateP256()) })],
    ['ISS-03', 'another vendor', () => ({ vendorId: 0xfff2 })],
    ['ISS-03', 'a vendor id that is no number', () => ({ vendorId: Number.NaN })],
    ['ISS-04', 'product 0', () => ({ productId: 0 })],
    ['ISS-04', 'a product id of 17 bits', () => ({ productId: 0x1_8004 })],
    [
      'ISS-04',
      'another product than that of the PAI',
      ({ pai }) => ({ pai: { ...pai, productId: 0x8005 } }),
    ],
    ['ISS-05', 'an end before the start', () => ({ notAfter: new Date('2026-05-31T23:59:59Z') })],
    ['ISS-05', 'a start before the PAI', () => ({ notBefore: new Date('2026-04-30T23:59:59Z') })],
    [
      'ISS-05',
      'a start after the PAI',
      () => ({ notBefore: new Date('2036-05-01T00:00:01Z'), notAfter: noExpiry }),
    ],
    ['ISS-05', 'a start that is no time', () => ({ notBefore: new Date(Number.NaN) })],
    ['ISS-06', 'serial number 0', () => ({ serialNumber: new Uint8Array(8) })],
    ['ISS-06', 'no serial number', () => ({ serialNumber: new Uint8Array() })],
    [
      'ISS-06',
      'a serial number of 21 octets',
      () => ({ serialNumber: new Uint8Array(20).fill(0x80) }),
    ],
    ['ISS-07', 'an empty name', () => ({ commonName: '' })],
    ['ISS-07', 'a name of 65 characters', () => ({ commonName: 'x'.repeat(65) })],
    ['ISS-07', 'a name that imitates the fallback', () => ({ commonName: 'Mpid:' })],
    ['ISS-07', 'half a surrogate pair', () => ({ commonName: '\ud800' })],
    [
      'ISS-07',
      'a fallback name of 65 octets',
      () => ({ commonName: 'é'.repeat(22) + 'x', subjectEncoding: 'cn-fallback' }),
    ],
    ['ISS-09', 'an expired PAI', () => ({ now: new Date('2036-05-01T00:00:01Z') })],
    ['ISS-09', 'a revoked PAI', () => ({ isPaiRevoked: true })],
  ])('%s refuses %s', async (rule, _, change) => {
    const broken = { ...good, ...change(good) }
    expect(rulesOf(broken)).toEqual([rule])
    await expect(buildDac(broken)).rejects.toMatchObject({ code: 'ISSUER_RULE_BROKEN' })
  })

  it('count the last valid second and 64 characters as allowed', () => {
    expect(rulesOf({ ...good, now: good.notAfter, notBefore: good.notAfter })).toEqual([])
    expect(rulesOf({ ...good, commonName: '😀'.repeat(64) })).toEqual([])
    expect(rulesOf({ ...good, serialNumber: new Uint8Array(20).fill(0x7f) })).toEqual([])
  })

  it('name everything that is wrong at once', () => {
    expect(rulesOf({ ...good, vendorId: 1, productId: 0, commonName: '' })).toEqual([
      'ISS-03',
      'ISS-04',
      'ISS-07',
    ])
  })
})
