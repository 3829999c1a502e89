import { readFileSync } from 'node:fs'
import { concat, fromHex } from '@keyline/bytes'
import { generateP256, signP256, signP256Der } from '@keyline/crypto'
import { keyIdentifier } from '@keyline/x509'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  attestedAt,
  attestedDevice,
  attestedKeys,
  challenge,
  dacBegin,
  nonce,
  type Differences,
} from '../../../../test/support/attested-device.ts'
import '../../../../test/support/properties.ts'
import { check } from '../../../../test/support/vectors/matter-attestation.ts'
import { decodeAttestationElements, encodeAttestationElements } from './elements.ts'
import { attestationRules } from './rules.ts'
import { verifyAttestation, verifyCredentials, type AttestationInput } from './verify.ts'

const vectors = new URL('../../../../test/vectors/', import.meta.url)
const readJson = (path: string): Promise<unknown> =>
  Promise.resolve(JSON.parse(readFileSync(new URL(path, vectors), 'utf8')))

describe('attestation', () => {
  it.each([
    ['dut-cd.json', 37],
    ['dut-dac.json', 34],
    ['dut-pai.json', 35],
    ['exchange.json', 17],
    ['revocation.json', 6],
    ['cn-fallback.json', 19],
  ])('agrees with every case of %s', async (file, count) => {
    const path = `matter/attestation/${file}`
    const results = await check({ path, json: await readJson(path), beside: readJson })
    expect(results.filter((result) => !result.ok)).toEqual([])
    expect(results).toHaveLength(count)
  })
})

const foreignKey = generateP256()

/** A device that signed elements of its own making. */
async function deviceWithElements(elements: Uint8Array): Promise<AttestationInput> {
  const signature = signP256(attestedKeys.dac, concat(elements, challenge))
  return attestedDevice({ input: { elements, signature } })
}

async function verdict(differences: Differences): Promise<string> {
  const result = verifyAttestation(await attestedDevice(differences))
  return result.ok ? 'accepted' : `${result.label} ${result.sdkResult} ${result.sdkNumber}`
}

describe('a device', () => {
  it('is accepted when every check holds', async () => {
    const result = verifyAttestation(await attestedDevice())
    expect(result).toMatchObject({
      ok: true,
      sdkResult: 'kSuccess',
      paaKeyId: keyIdentifier(attestedKeys.paa.publicKey.point),
      suspiciousRevocations: [],
    })
  })

  it.each<[expected: string, what: string, differences: Differences]>([
    ['ATT-01 kInvalidArgument 701', 'no DAC', { input: { dac: Uint8Array.of() } }],
    ['ATT-01 kInvalidArgument 701', 'no signature', { input: { signature: Uint8Array.of() } }],
    ['ATT-01 kInvalidArgument 701', 'no elements', { input: { elements: Uint8Array.of() } }],
    ['ATT-01 kInvalidArgument 701', '901 octets', { input: { elements: new Uint8Array(901) } }],
    ['ATT-01 kInvalidArgument 701', 'a short nonce', { input: { nonce: new Uint8Array(31) } }],
    ['ATT-01 kInvalidArgument 701', 'no challenge', { input: { challenge: Uint8Array.of() } }],
    ['ATT-01 kPaiMissing 207', 'no PAI', { input: { pai: Uint8Array.of() } }],
    ['ATT-02:CERT-DER kPaiFormatInvalid 203', 'no PAI at all', { input: { pai: fromHex('3000') } }],
    ['ATT-03:CERT-DER kDacFormatInvalid 303', 'no DAC at all', { input: { dac: fromHex('3000') } }],
    ['ATT-04 kDacFormatInvalid 303', 'a DAC with bad ids', { dacIds: { vendorId: 'fff1' } }],
    ['ATT-04 kPaiFormatInvalid 203', 'a PAI with bad ids', { paiIds: { vendorId: 'fff1' } }],
    ['ATT-05 kDacVendorIdMismatch 305', 'another vendor', { paiIds: { vendorId: 'FFF2' } }],
    ['ATT-05 kDacVendorIdMismatch 305', 'no vendor', { paiIds: {}, dacIds: { productId: '8004' } }],
    ['ATT-06 kDacProductIdMismatch 306', 'no product', { dacIds: { vendorId: 'FFF1' } }],
    [
      'ATT-07 kDacProductIdMismatch 306',
      'a PAI for another product',
      { paiIds: { vendorId: 'FFF1', productId: '8005' } },
    ],
    [
      'ATT-08 kAttestationSignatureInvalidFormat 503',
      'a DER signature',
      { input: { signature: signP256Der(attestedKeys.dac, nonce) } },
    ],
    [
      'ATT-08 kAttestationSignatureInvalid 500',
      'a signature of 63 octets',
      { input: { signature: new Uint8Array(63) } },
    ],
    [
      'ATT-08 kAttestationSignatureInvalid 500',
      'a signature over another challenge',
      { input: { challenge: new Uint8Array(16) } },
    ],
    ['ATT-09 kPaaNotFound 101', 'no trusted PAA', { trust: { paas: [] } }],
    [
      'ATT-10 kPaiVendorIdMismatch 205',
      'the PAA of another vendor',
      { paaIds: { vendorId: 'FFF2' } },
    ],
    [
      'ATT-10 kPaaFormatInvalid 105',
      'a PAA with a product',
      { paaIds: { vendorId: 'FFF1', productId: '8004' } },
    ],
    ['ATT-11 kDacExpired 300', 'an expired DAC', { dacEnd: new Date('2026-05-31T23:59:59Z') }],
    ['ATT-11 kDacExpired 300', 'a DAC of the future', { input: { time: dacBegin.getTime() - 1 } }],
    [
      'ATT-12 kDacSignatureInvalid 301',
      'a PAI younger than its DAC',
      { paiBegin: new Date('2026-02-01T00:00:00Z') },
    ],
    ['ATT-12 kDacSignatureInvalid 301', 'a forged DAC', { dacSigner: foreignKey }],
    [
      'ATT-15 kAttestationNonceMismatch 502',
      'another nonce',
      { input: { nonce: new Uint8Array(32) } },
    ],
    [
      'ATT-17 kCertificationDeclarationNoCertificateFound 601',
      'a test declaration in production',
      { trust: { policy: 'production' } },
    ],
    [
      'ATT-20 kAttestationElementsMalformed 501',
      'another format',
      { declaration: { formatVersion: 2 } },
    ],
    [
      'ATT-21 kCertificationDeclarationInvalidVendorId 604',
      'the declaration of another vendor',
      { declaration: { vendorId: 0xfff2 } },
    ],
    [
      'ATT-22 kCertificationDeclarationInvalidProductId 605',
      'the declaration of another product',
      { declaration: { productIds: [0x8005] } },
    ],
    [
      'ATT-23 kCertificationDeclarationInvalidVendorId 604',
      'an origin of another vendor',
      { declaration: { dacOrigin: { vendorId: 0xfff2, productId: 0x8004 } } },
    ],
    [
      'ATT-24 kCertificationDeclarationInvalidProductId 605',
      'an origin of another product',
      { declaration: { dacOrigin: { vendorId: 0xfff1, productId: 0x8005 } } },
    ],
    [
      'ATT-24 kCertificationDeclarationInvalidProductId 605',
      'a DAC of an undeclared product',
      { dacIds: { vendorId: 'FFF1', productId: '8006' } },
    ],
    [
      'ATT-25 kCertificationDeclarationInvalidPAA 606',
      'a PAA that is not authorised',
      { declaration: { authorizedPaas: [new Uint8Array(20)] } },
    ],
    [
      'ATT-26 kFirmwareInformationMissing 401',
      'no firmware information',
      { input: { firmwareInformation: fromHex('01') } },
    ],
    [
      'accepted',
      'an authorised PAA',
      { declaration: { authorizedPaas: [keyIdentifier(attestedKeys.paa.publicKey.point)] } },
    ],
    [
      'accepted',
      'a DAC of another declared product',
      { dacIds: { vendorId: 'FFF1', productId: '8005' } },
    ],
    [
      'accepted',
      'an origin that its certificates carry',
      {
        declaration: { dacOrigin: { vendorId: 0xfff2, productId: 0x9000 } },
        paiIds: { vendorId: 'FFF2' },
        dacIds: { vendorId: 'FFF2', productId: '9000' },
      },
    ],
    ['accepted', 'a DAC in its last second', { dacEnd: new Date(attestedAt) }],
    ['accepted', 'the PAA of its vendor', { paaIds: { vendorId: 'FFF1' } }],
  ])('gets %s with %s', async (expected, _, differences) => {
    expect(await verdict(differences)).toBe(expected)
  })

  it('is compared with the firmware that is expected', async () => {
    const accepted = await attestedDevice()
    const { certificationDeclaration } = decodeAttestationElements(accepted.elements)
    const firmwareInformation = fromHex('0102')
    const members = { certificationDeclaration, nonce, timestamp: 5, firmwareInformation }
    const input = await deviceWithElements(encodeAttestationElements(members))
    expect(verifyAttestation({ ...input, firmwareInformation }).ok).toBe(true)
    const other = verifyAttestation({ ...input, firmwareInformation: fromHex('03') })
    expect(other).toMatchObject({ label: 'ATT-26', sdkResult: 'kFirmwareInformationMismatch' })
  })

  it('gets ATT-14 for elements that do not decode, and ATT-16 for what is no declaration', async () => {
    const malformed = await deviceWithElements(fromHex('1518'))
    expect(verifyAttestation(malformed)).toMatchObject({ label: 'ATT-14' })
    const declared = { certificationDeclaration: fromHex('3000'), nonce, timestamp: 0 }
    const undeclared = await deviceWithElements(encodeAttestationElements(declared))
    expect(verifyAttestation(undeclared)).toMatchObject({
      label: 'ATT-16',
      sdkResult: 'kCertificationDeclarationNoKeyId',
    })
  })

  it('is told which values disagree and what to do', async () => {
    const result = verifyAttestation(await attestedDevice({ paiIds: { vendorId: 'FFF2' } }))
    expect(result).toMatchObject({
      fields: { 'DAC VID': '0xFFF1', 'PAI VID': '0xFFF2' },
      finding: {
        rule: 'ATT-05',
        severity: 'error',
        field: 'DAC VID, PAI VID',
        value: '0xFFF1, 0xFFF2',
        remedy: attestationRules['ATT-05'].remedy,
      },
    })
  })

  it('is judged from its credentials alone where it proves its key otherwise', async () => {
    const input = await attestedDevice()
    const { certificationDeclaration } = decodeAttestationElements(input.elements)
    expect(verifyCredentials({ ...input, certificationDeclaration }).ok).toBe(true)
    const expired = { ...input, certificationDeclaration, time: dacBegin.getTime() - 1 }
    expect(verifyCredentials(expired)).toMatchObject({ check: 'ATT-11' })
    const empty = { ...input, certificationDeclaration: Uint8Array.of() }
    expect(verifyCredentials(empty)).toMatchObject({ check: 'ATT-16' })
    const pai = { ...input, certificationDeclaration, pai: input.dac }
    expect(verifyCredentials(pai)).toMatchObject({ check: 'ATT-02' })
  })

  it('is never accepted with any octet of its answer changed', async () => {
    const input = await attestedDevice()
    const parts = ['dac', 'pai', 'elements', 'signature'] as const
    fc.assert(
      fc.property(
        fc.constantFrom(...parts),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (part, place, change) => {
          const changed = Uint8Array.from(input[part])
          const index = place % changed.length
          changed[index] = (changed[index] ?? 0) ^ change
          expect(verifyAttestation({ ...input, [part]: changed }).ok).toBe(false)
        },
      ),
    )
  })
})
