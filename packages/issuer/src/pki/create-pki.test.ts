import { seededRandom } from '@keyline/bytes'
import { checkChain, checkPaa, checkPai, matterIds } from '@keyline/matter'
import { attributeText, noExpiry, parseCertificate, readName } from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import { testPki } from '../testing/test-line.ts'

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
