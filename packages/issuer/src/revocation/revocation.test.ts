import { fromHex, seededRandom, toHex, VirtualClock } from '@keyline/bytes'
import { generateP256, keyPairSigner, type P256KeyPair } from '@keyline/crypto'
import { matterIds, readRevocationSet } from '@keyline/matter'
import {
  authorityKeyIdentifier,
  basicConstraints,
  buildCertificate,
  isCrlSignedBy,
  keyIdentifier,
  keyUsage,
  name,
  noExpiry,
  Oid,
  parseCertificate,
  parseCrl,
  subjectKeyIdentifier,
  type Extension,
  type KeyUsage,
} from '@keyline/x509'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Pki } from '../pki/create-pki.ts'
import { MemoryLists } from '../testing/memory-lists.ts'
import { testPki, today } from '../testing/test-line.ts'
import { ListBuilder } from './build-list.ts'
import { distributionPoint, type DistributionPointInput } from './distribution-point.ts'
import { openListAuthority } from './list-authority.ts'
import { defaultListPolicy } from './list-life.ts'
import type { ListedRevocation } from './list-store.ts'
import { revocationSetOf } from './revocation-set.ts'

let pki: Pki
let keyId: string
beforeAll(async () => {
  pki = await testPki()
  keyId = toHex(keyIdentifier(pki.pai.keyPair.publicKey.point))
})

const hour = 3_600_000
const revoked = (serialNumber: string, reason = 'keyCompromise' as const): ListedRevocation => ({
  serialNumber,
  reason,
  revokedAt: today.getTime() - hour,
})
const ownAuthority = () =>
  openListAuthority({
    issuer: pki.pai.certificate,
    signer: keyPairSigner(pki.pai.keyPair),
  })

interface DelegateChange {
  readonly key?: P256KeyPair
  readonly ca?: boolean
  readonly isCritical?: boolean
  readonly usages?: readonly KeyUsage[]
  readonly issuer?: 'pai' | 'paa'
  readonly hasKeyId?: boolean
  /** In place of a well-formed value. */
  readonly keyId?: Uint8Array
}

/** A separate signer of lists, certified by the PAI unless another is named. */
async function delegateOf(change: DelegateChange = {}): Promise<{
  readonly certificate: Uint8Array
  readonly key: P256KeyPair
}> {
  const { key = generateP256(), issuer = 'pai', isCritical = true, hasKeyId = true } = change
  const ca = pki[issuer]
  const point = key.publicKey.point
  const keyId = subjectKeyIdentifier(keyIdentifier(point))
  const critical = (extension: Extension): Extension => ({ ...extension, critical: isCritical })
  const certificate = await buildCertificate({
    serialNumber: fromHex('77'),
    issuer: parseCertificate(ca.certificate).subject,
    subject: name([{ type: Oid.commonName, value: 'List signer' }]),
    notBefore: new Date('2026-05-01T00:00:00Z'),
    notAfter: noExpiry,
    publicKey: key.publicKey,
    extensions: [
      critical(basicConstraints({ ca: change.ca ?? false })),
      critical(keyUsage(change.usages ?? ['cRLSign'])),
      ...(hasKeyId ? [{ ...keyId, ...(change.keyId && { value: change.keyId }) }] : []),
      authorityKeyIdentifier(keyIdentifier(ca.keyPair.publicKey.point)),
    ],
    signer: keyPairSigner(ca.keyPair),
  })
  return { certificate, key }
}

describe('a revocation list', () => {
  it('has what is revoked, the number of its snapshot, and a life', async () => {
    const store = new MemoryLists()
    store.revoke(keyId, revoked('0a'), revoked('00c1a2'), {
      ...revoked('0b'),
      reason: 'unspecified',
    })
    const clock = new VirtualClock(today.getTime())
    const builder = new ListBuilder({
      authority: ownAuthority(),
      store,
      clock,
      policy: defaultListPolicy,
    })
    const list = await builder.build()
    expect(list).toMatchObject({ issuerKeyId: keyId, number: 1, count: 3 })
    const crl = parseCrl(list.der)
    expect(isCrlSignedBy(crl, pki.pai.keyPair.publicKey)).toBe(true)
    expect(crl.issuer).toEqual(parseCertificate(pki.pai.certificate).subject)
    expect(crl.number).toEqual(Uint8Array.of(1))
    expect(crl.issuingDistributionPoint).toBeUndefined()
    expect([...crl].map(({ serialNumber, reason }) => [toHex(serialNumber), reason])).toEqual([
      ['0a', 'keyCompromise'],
      ['00c1a2', 'keyCompromise'],
      ['0b', undefined],
    ])
    expect(crl.thisUpdate.getTime()).toBe(list.thisUpdate)
    expect((crl.nextUpdate?.getTime() ?? 0) - today.getTime()).toBe(defaultListPolicy.lifeMs)
    expect(await store.crl(keyId)).toBe(list)
  })

  it('goes on where the last one ended, and reads nothing twice', async () => {
    const store = new MemoryLists()
    const clock = new VirtualClock(today.getTime())
    const options = { authority: ownAuthority(), store, clock, policy: defaultListPolicy }
    const builder = new ListBuilder(options)
    for (const [round, serials] of [['01', '02', '03'], ['04'], []].entries()) {
      store.revoke(keyId, ...serials.map((serial) => revoked(serial)))
      const list = await builder.build()
      const fresh = await new ListBuilder(options).build()
      expect([...parseCrl(list.der)]).toEqual([...parseCrl(fresh.der)])
      expect(list.number).toBe(2 * round + 1)
    }
    expect(store.reads).toEqual([0, 0, 3, 0, 4, 0])
  })

  it('is built once more for all who ask while one is being built', async () => {
    const store = new MemoryLists()
    const clock = new VirtualClock(today.getTime())
    const authority = ownAuthority()
    const builder = new ListBuilder({ authority, store, clock, policy: defaultListPolicy })
    const first = builder.build()
    store.revoke(keyId, revoked('0a'))
    const [one, two, three] = await Promise.all([first, builder.build(), builder.build()])
    expect([one.count, two.count, three]).toEqual([0, 1, two])
    expect((await builder.build()).number).toBe(3)
  })

  it('is not released with a signature that does not verify', async () => {
    const other = keyPairSigner(generateP256())
    const { publicKey } = keyPairSigner(pki.pai.keyPair)
    const lying = { publicKey, sign: (message: Uint8Array) => other.sign(message) }
    const authority = openListAuthority({ issuer: pki.pai.certificate, signer: lying })
    const store = new MemoryLists()
    const clock = new VirtualClock(today.getTime())
    const builder = new ListBuilder({ authority, store, clock, policy: defaultListPolicy })
    await expect(builder.build()).rejects.toMatchObject({ code: 'ISSUER_SIGNER_FAILED' })
    expect(await store.crl(keyId)).toBeUndefined()
  })

  it('of a delegate is indirect, names its CA once, and is under the key of the delegate', async () => {
    const { certificate, key } = await delegateOf()
    const authority = openListAuthority({
      issuer: pki.pai.certificate,
      delegate: certificate,
      signer: keyPairSigner(key),
      distributionPoint: 'https://example.com/pai.crl',
    })
    const store = new MemoryLists()
    store.revoke(keyId, revoked('0a'), revoked('0b'), revoked('0c'))
    const clock = new VirtualClock(today.getTime())
    const builder = new ListBuilder({ authority, store, clock, policy: defaultListPolicy })
    const crl = parseCrl((await builder.build()).der)
    expect(isCrlSignedBy(crl, key.publicKey)).toBe(true)
    expect(crl.issuer).toEqual(parseCertificate(certificate).subject)
    expect(toHex(crl.authorityKeyId ?? new Uint8Array())).toBe(
      toHex(keyIdentifier(key.publicKey.point)),
    )
    expect(toHex(crl.issuingDistributionPoint ?? new Uint8Array())).toBe(
      `3024a01fa01d861b${toHex(new TextEncoder().encode('https://example.com/pai.crl'))}8401ff`,
    )
    const issuers = [...crl].map(({ certificateIssuer }) => toHex(certificateIssuer ?? keyOctet))
    expect(new Set(issuers)).toHaveLength(1)
    expect(issuers[0]).toContain(toHex(parseCertificate(pki.pai.certificate).subject))
    const set = readRevocationSet([
      revocationSetOf({ issuer: authority.issuer, delegate: authority.delegate, crl }),
    ])
    expect([...set.entries.values()].flat()).toMatchObject([{ isGenuine: true }])
  })
})

const keyOctet = Uint8Array.of(0)

describe('a signer of lists', () => {
  it.each<[rules: string, change: DelegateChange]>([
    ['REV-03', { hasKeyId: false }],
    ['REV-04', { ca: true }],
    ['REV-04 REV-05', { isCritical: false }],
    ['REV-05', { usages: ['digitalSignature'] }],
    ['REV-05', { usages: ['cRLSign', 'keyCertSign'] }],
    ['REV-06', { issuer: 'paa' }],
    ['REV-03', { keyId: Uint8Array.of(0x04, 0x05, 1) }],
  ])('is refused by %s', async (rules, change) => {
    const { certificate, key } = await delegateOf(change)
    const open = (): unknown =>
      openListAuthority({
        issuer: pki.pai.certificate,
        delegate: certificate,
        signer: keyPairSigner(key),
      })
    expect(open).toThrow(expect.objectContaining({ code: 'ISSUER_CRL_SIGNER', details: { rules } }))
  })

  it('may sign other things, too, when it is separate', async () => {
    const { certificate, key } = await delegateOf({ usages: ['cRLSign', 'digitalSignature'] })
    const authority = openListAuthority({
      issuer: pki.pai.certificate,
      delegate: certificate,
      signer: keyPairSigner(key),
    })
    expect(authority.issuerKeyId).toBe(keyId)
  })

  it('holds the key of its certificate', () => {
    const signer = keyPairSigner(generateP256())
    expect(() => openListAuthority({ issuer: pki.pai.certificate, signer })).toThrow(/REV-07/)
  })

  it('is a CA that may sign lists, when it is the CA itself', async () => {
    const { certificate, key } = await delegateOf({ usages: ['digitalSignature'] })
    const signer = keyPairSigner(key)
    expect(() => openListAuthority({ issuer: certificate, signer })).toThrow(/REV-02/)
    expect(() => openListAuthority({ issuer: Uint8Array.of(0x30, 0), signer })).toThrow(
      expect.objectContaining({ code: 'ISSUER_CRL_SIGNER' }),
    )
  })
})

function point(change: Partial<DistributionPointInput> = {}) {
  return distributionPoint({
    issuer: parseCertificate(pki.pai.certificate),
    isPaa: false,
    vendorId: 0xfff1,
    label: 'line 1',
    dataUrl: 'https://example.com/pai.crl',
    ...change,
  })
}

describe('the record of a distribution point', () => {
  it('has exactly the members that a list of RFC 5280 may have', async () => {
    const { record, findings } = point()
    expect(findings).toEqual([])
    expect(Object.keys(record)).toEqual([
      'vid',
      'isPAA',
      'label',
      'crlSignerCertificate',
      'issuerSubjectKeyID',
      'dataUrl',
      'revocationType',
    ])
    expect(record).toMatchObject({
      vid: 0xfff1,
      isPAA: false,
      issuerSubjectKeyID: keyId.toUpperCase(),
      revocationType: 1,
    })
    const { certificate } = await delegateOf()
    const { record: delegated } = point({ delegate: parseCertificate(certificate) })
    expect(delegated.crlSignerDelegator).toBe(record.crlSignerCertificate)
    expect(delegated.crlSignerCertificate).not.toBe(record.crlSignerCertificate)
  })

  it.each<[rule: string, change: Partial<DistributionPointInput>]>([
    ['REV-11', { vendorId: 0xfff2 }],
    ['REV-11', { vendorId: 0 }],
    ['REV-12', { isPaa: true, productId: 0x8000 }],
    ['REV-13', { label: '' }],
    ['REV-13', { label: 'x'.repeat(65) }],
    ['REV-14', { dataUrl: 'ftp://example.com/a.crl' }],
    ['REV-14', { dataUrl: `https://example.com/${'a'.repeat(240)}` }],
    ['REV-14', { dataUrl: 'somewhere' }],
  ])('is refused by %s', (rule, change) => {
    expect(point(change).findings.map((finding) => finding.rule)).toEqual([rule])
  })

  it('of a PAI of one product names that product', async () => {
    const bound = await testPki({ productId: 0x8004, random: seededRandom('bound') })
    const issuer = parseCertificate(bound.pai.certificate)
    expect(matterIds(issuer.subject)).toMatchObject({ productId: 0x8004 })
    expect(point({ issuer, productId: 0x8004 }).findings).toEqual([])
    expect(point({ issuer }).findings).toMatchObject([{ rule: 'REV-12' }])
    expect(point({ issuer, productId: 1 }).findings).toMatchObject([{ rule: 'REV-12' }])
  })
})
