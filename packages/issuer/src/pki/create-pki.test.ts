import { seededRandom } from '@keyline/bytes'
import { generateP256, keyPairSigner } from '@keyline/crypto'
import { checkChain, checkPaa, checkPai, matterIds, MatterOid } from '@keyline/matter'
import {
  attributeText,
  basicConstraints,
  buildCertificate,
  extensionOf,
  keyUsage,
  name,
  noExpiry,
  Oid,
  parseCertificate,
  readAuthorityKeyIdentifier,
  readName,
  subjectKeyIdentifier,
  type Extension,
} from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import { testPki, today } from '../testing/test-line.ts'
import { certifyPai, type PaiInput } from './create-pki.ts'

describe('a new PAA and PAI', () => {
  it('satisfy their profiles and form a chain without an end', async () => {
    const pki = await testPki()
    const [paa, pai] = [pki.paa, pki.pai].map(({ certificate }) => certificate)
    if (paa === undefined || pai === undefined) throw new Error('a certificate is missing')
    expect([checkPaa(paa), checkPai(pai)]).toEqual([[], []])
    const parsed = { paa: parseCertificate(paa), pai: parseCertificate(pai) }
    const problems = checkChain({ ...parsed, dac: parsed.pai })
    expect(problems.filter((problem) => !problem.startsWith('DAC'))).toEqual([])
    expect(parsed.pai.notAfter).toEqual(noExpiry)
    expect(parsed.paa.publicPoint).toEqual(pki.paa.keyPair.publicKey.point)
  })

  it('carry the vendor in the PAI alone, and the product only when it is bound to one', async () => {
    const pki = await testPki()
    expect(matterIds(parseCertificate(pki.paa.certificate).subject)).toEqual({ encoding: 'none' })
    expect(matterIds(parseCertificate(pki.pai.certificate).subject)).toMatchObject({
      vendorId: 0xfff1,
      productId: undefined,
    })
    const bound = await testPki({ productId: 0x8004 })
    expect(matterIds(parseCertificate(bound.pai.certificate).subject)).toMatchObject({
      productId: 0x8004,
    })
  })

  it('take the names that are given', async () => {
    const { paa, pai } = await testPki({ commonNames: { paa: 'ACME Root', pai: 'ACME Line 1' } })
    const names = [paa, pai].map(({ certificate }) => {
      const [first] = readName(parseCertificate(certificate).subject)
      return first === undefined ? undefined : attributeText(first)
    })
    expect(names).toEqual(['ACME Root', 'ACME Line 1'])
  })

  it('are the same for the same seed but for the signatures, and others for another', async () => {
    const [one, two, three] = await Promise.all([
      testPki(),
      testPki(),
      testPki({ random: seededRandom('another') }),
    ])
    const key = (pki: typeof one): Uint8Array => pki.pai.keyPair.publicKey.point
    expect(key(two)).toEqual(key(one))
    expect(key(three)).not.toEqual(key(one))
  })

  it.each([
    ['vendor id 0', { vendorId: 0 }],
    ['a vendor id of 17 bits', { vendorId: 0x10000 }],
    ['product id 0', { productId: 0 }],
    ['an end before the start', { notAfter: new Date('2020-01-01T00:00:00Z') }],
    ['a start that is no time', { notBefore: new Date('someday') }],
  ])('are refused with %s', async (_, changed) => {
    await expect(testPki(changed)).rejects.toMatchObject({ code: 'ISSUER_PKI_INPUT' })
  })
})

describe('a PAI under a PAA that exists', () => {
  const { publicKey } = generateP256()
  const paaKey = generateP256()
  const keyId = new Uint8Array(20).fill(9)

  /** A PAA as another program made it: of a vendor, with an end, and an identifier of its own way. */
  async function olderPaa(
    identifiers: readonly Extension[] = [subjectKeyIdentifier(keyId)],
  ): Promise<PaiInput['paa']> {
    const signer = keyPairSigner(paaKey)
    const subject = name([
      { type: Oid.commonName, value: 'Older PAA' },
      { type: MatterOid.vendorId, value: 'FFF1' },
    ])
    const certificate = await buildCertificate({
      serialNumber: Uint8Array.of(1),
      issuer: subject,
      subject,
      notBefore: new Date('2026-01-01T00:00:00Z'),
      notAfter: new Date('2030-01-01T00:00:00Z'),
      publicKey: signer.publicKey,
      extensions: [
        basicConstraints({ ca: true, pathLength: 1 }),
        keyUsage(['keyCertSign', 'cRLSign']),
        ...identifiers,
      ],
      signer,
    })
    return { certificate, signer }
  }

  const paiOf = async (changed: Partial<PaiInput> = {}): Promise<Uint8Array> =>
    certifyPai({
      vendorId: 0xfff1,
      notBefore: today,
      random: seededRandom('pai'),
      publicKey,
      paa: await olderPaa(),
      ...changed,
    })

  it('names the key of its PAA as the PAA does, and ends with it', async () => {
    const pai = parseCertificate(await paiOf({ productId: 0x8004, commonName: 'Line 2' }))
    const extension = extensionOf(pai, Oid.authorityKeyIdentifier)
    expect(
      extension === undefined ? undefined : readAuthorityKeyIdentifier(extension.value),
    ).toEqual(keyId)
    expect(pai.notAfter).toEqual(new Date('2030-01-01T00:00:00Z'))
    expect(checkPai(pai.der)).toEqual([])
    const end = new Date('2028-01-01T00:00:00Z')
    expect(parseCertificate(await paiOf({ notAfter: end })).notAfter).toEqual(end)
  })

  it.each<readonly [string, string, () => Promise<Partial<PaiInput>>]>([
    ['for another vendor', 'vendor 0xFFF1', async () => ({ vendorId: 0xfff2 })],
    [
      'before the PAA begins',
      'its PAA is valid from',
      async () => ({ notBefore: new Date('2025-12-31T00:00:00Z') }),
    ],
    [
      'with the key of another PAA',
      'not that of the PAA',
      async () => ({ paa: { ...(await olderPaa()), signer: keyPairSigner(generateP256()) } }),
    ],
    [
      'under a PAI',
      'PAA would violate',
      async () => {
        const { pai } = await testPki()
        return { paa: { certificate: pai.certificate, signer: keyPairSigner(pai.keyPair) } }
      },
    ],
    ['under a PAA without an identifier', 'PAA', async () => ({ paa: await olderPaa([]) })],
    [
      'under octets',
      'PAA',
      async () => ({
        paa: { certificate: Uint8Array.of(0x30, 0), signer: keyPairSigner(paaKey) },
      }),
    ],
  ])('is refused %s', async (_, message, change) => {
    await expect(change().then(paiOf)).rejects.toMatchObject({
      code: 'ISSUER_PKI_INPUT',
      message: expect.stringContaining(message) as string,
    })
  })
})
