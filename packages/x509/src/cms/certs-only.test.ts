import { fromHex } from '@keyline/bytes'
import { generateP256, keyPairSigner } from '@keyline/crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { buildCertificate } from '../certificate/build.ts'
import { noExpiry } from '../der/time.ts'
import { derInteger, derOid, derSequence, derSet, derTagged } from '../der/writer.ts'
import { X509Error } from '../errors.ts'
import { name } from '../name/name.ts'
import { Oid } from '../oids.ts'
import { buildCertsOnly, parseCertsOnly } from './certs-only.ts'
import { buildSignedData } from './signed-data.ts'

const pair = generateP256()

const certificate = (commonName: string): Promise<Uint8Array> =>
  buildCertificate({
    serialNumber: fromHex('01'),
    issuer: name([{ type: Oid.commonName, value: 'Root' }]),
    subject: name([{ type: Oid.commonName, value: commonName }]),
    notBefore: new Date('2026-01-01T00:00:00Z'),
    notAfter: noExpiry,
    publicKey: pair.publicKey,
    extensions: [],
    signer: keyPairSigner(pair),
  })

const none = new Uint8Array()
const three = await Promise.all(['a', 'bb', 'ccc'].map(certificate))

/** Signed data of these members, put together by hand. */
const signedData = (...members: readonly Uint8Array[]): Uint8Array =>
  derSequence(derOid(Oid.signedData), derTagged(0, derSequence(...members)))

const data = derSequence(derOid(Oid.data))

describe('a certs-only message', () => {
  it('brings its certificates back, whatever their order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...three], { minLength: 1 }), (some) => {
        const der = buildCertsOnly(some)
        const back = parseCertsOnly(der).map((found) => found.der)
        expect(new Set(back.map(String))).toEqual(new Set(some.map(String)))
        expect(buildCertsOnly(back)).toEqual(der)
      }),
    )
  })

  it('keeps the order in which another program wrote them', () => {
    const [a = none, b = none] = three
    for (const order of [
      [a, b],
      [b, a],
    ]) {
      const der = signedData(derInteger(1), derSet(), data, derTagged(0, ...order), derSet())
      expect(parseCertsOnly(der).map((found) => found.der)).toEqual(order)
    }
  })

  it('may hold a revocation list, which is not read', () => {
    const crls = derTagged(1, derSequence())
    const der = signedData(derInteger(1), derSet(), data, derTagged(0, ...three), crls, derSet())
    expect(parseCertsOnly(der)).toHaveLength(3)
  })

  it('refuses every prefix, and octets behind it', () => {
    const der = buildCertsOnly(three)
    for (let length = 0; length < der.length; length++) {
      expect(() => parseCertsOnly(der.subarray(0, length))).toThrow(X509Error)
    }
    expect(() => parseCertsOnly(Uint8Array.of(...der, 0))).toThrow(X509Error)
  })

  it('survives the change of any octet', () => {
    const der = buildCertsOnly(three)
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const changed = Uint8Array.from(der)
        changed[place] = (changed[place] ?? 0) ^ change
        try {
          parseCertsOnly(changed)
        } catch (error) {
          if (!(error instanceof X509Error)) throw error
        }
      }),
    )
  })

  it('has at most 64 KiB', () => {
    expect(() => parseCertsOnly(new Uint8Array(64 * 1024 + 1))).toThrow(
      expect.objectContaining({ code: 'DER_LIMIT' }),
    )
  })

  const certificates = derTagged(0, ...three)
  it.each([
    ['no certificate set', [derInteger(1), derSet(), data, derSet()]],
    ['an empty set', [derInteger(1), derSet(), data, derTagged(0), derSet()]],
    ['another version', [derInteger(3), derSet(), data, certificates, derSet()]],
    [
      'another content type',
      [derInteger(1), derSet(), derSequence(derOid(Oid.sha256)), certificates, derSet()],
    ],
    [
      'a digest algorithm',
      [derInteger(1), derSet(derSequence(derOid(Oid.sha256))), data, certificates, derSet()],
    ],
  ])('with %s is refused', (_, members) => {
    expect(() => parseCertsOnly(signedData(...members))).toThrow(
      expect.objectContaining({ code: 'CMS_MALFORMED' }),
    )
  })

  it('with an attribute certificate is refused', () => {
    const der = signedData(derInteger(1), derSet(), data, derTagged(0, derTagged(2)), derSet())
    expect(() => parseCertsOnly(der)).toThrow(expect.objectContaining({ code: 'DER_MALFORMED' }))
  })

  it('is not signed data with a signer', async () => {
    const signer = keyPairSigner(pair)
    const signed = await buildSignedData({ content: fromHex('00'), keyId: fromHex('01'), signer })
    expect(() => parseCertsOnly(signed)).toThrow(expect.objectContaining({ code: 'CMS_MALFORMED' }))
  })
})
