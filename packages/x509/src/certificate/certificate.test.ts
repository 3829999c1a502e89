import { X509Certificate } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { concat, fromHex, toHex } from '@keyline/bytes'
import { generateP256, keyPairSigner } from '@keyline/crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { noExpiry } from '../der/time.ts'
import { derOctetString, derOid, derSequence, derTagged, derInteger } from '../der/writer.ts'
import { X509Error } from '../errors.ts'
import { keyIdentifier, publicKeyOf } from '../key/key-handle.ts'
import { name } from '../name/name.ts'
import { Oid } from '../oids.ts'
import { buildCertificate, type CertificateInput } from './build.ts'
import { extensionOf, parseCertificate } from './certificate.ts'
import {
  authorityKeyIdentifier,
  basicConstraints,
  crlDistributionPoint,
  keyUsage,
  keyUsages,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readKeyUsage,
  readSubjectKeyIdentifier,
  subjectKeyIdentifier,
} from './extension.ts'
import { isSignedBy } from './signature.ts'

const folder = new URL('../../../../test/vectors/matter/pem/', import.meta.url)
const published = readdirSync(folder).filter((file) => file.endsWith('.der'))
const read = (file: string): Uint8Array => Uint8Array.from(readFileSync(new URL(file, folder)))
const dac = read('Matter-Development-DAC-FFF1-8004-Cert.der')

const pair = generateP256()
const { publicKey } = pair
const keyId = keyIdentifier(publicKey.point)

function input(changes: Partial<CertificateInput> = {}): CertificateInput {
  return {
    serialNumber: fromHex('80ff01'),
    issuer: name([{ type: Oid.commonName, value: 'Issuer' }]),
    subject: name([{ type: Oid.commonName, value: 'Subject' }]),
    notBefore: new Date('2026-06-01T00:00:00Z'),
    notAfter: noExpiry,
    publicKey,
    extensions: [
      basicConstraints({ ca: true, pathLength: 0 }),
      keyUsage(['keyCertSign', 'cRLSign']),
      subjectKeyIdentifier(keyId),
      authorityKeyIdentifier(keyId),
      crlDistributionPoint('https://example.com/crl'),
    ],
    signer: keyPairSigner(pair),
    ...changes,
  }
}

describe('a certificate', () => {
  it.each(published)('%s reads as another parser reads it', (file) => {
    const der = read(file)
    const ours = parseCertificate(der)
    const other = new X509Certificate(der)
    expect(BigInt(`0x${toHex(ours.serialNumber)}`)).toBe(BigInt(`0x${other.serialNumber}`))
    expect(ours.notBefore).toEqual(new Date(other.validFrom))
    expect(ours.notAfter).toEqual(new Date(other.validTo))
    const spki = other.publicKey.export({ format: 'der', type: 'spki' })
    expect(toHex(ours.spki.der)).toBe(toHex(spki))
  })

  it('comes back as it was built', async () => {
    const fields = input()
    const certificate = parseCertificate(await buildCertificate(fields))
    expect(certificate.version).toBe(3)
    expect(toHex(certificate.serialNumber)).toBe('0080ff01')
    expect(certificate.issuer).toEqual(fields.issuer)
    expect(certificate.subject).toEqual(fields.subject)
    expect(certificate.notBefore).toEqual(fields.notBefore)
    expect(certificate.notAfter).toEqual(noExpiry)
    expect(certificate.extensions).toEqual(fields.extensions)
    expect(certificate.publicPoint).toEqual(publicKey.point)
    expect(certificate.tbsSignatureAlgorithm).toEqual(certificate.signatureAlgorithm)
    expect(isSignedBy(certificate, publicKey)).toBe(true)
    expect(isSignedBy(certificate, generateP256().publicKey)).toBe(false)
  })

  it('that was proven vouches for no other with its signature', async () => {
    const certificate = parseCertificate(await buildCertificate(input()))
    expect(isSignedBy(certificate, publicKey)).toBe(true)
    const changed = Uint8Array.from(certificate.der)
    const lastOfTbs =
      certificate.tbs.byteOffset - certificate.der.byteOffset + certificate.tbs.length - 1
    changed[lastOfTbs] = (changed[lastOfTbs] ?? 0) ^ 1
    expect(isSignedBy(parseCertificate(changed), publicKey)).toBe(false)
    expect(isSignedBy(parseCertificate(certificate.der), generateP256().publicKey)).toBe(false)
    expect(isSignedBy(parseCertificate(certificate.der), publicKey)).toBe(true)
  })

  it('imports its key once', () => {
    const certificate = parseCertificate(dac)
    expect(publicKeyOf(certificate)).toBe(publicKeyOf(certificate))
    expect(publicKeyOf(certificate)?.point).toEqual(certificate.publicPoint)
  })

  it('refuses every prefix', () => {
    for (let length = 0; length < dac.length; length++) {
      expect(() => parseCertificate(dac.subarray(0, length))).toThrow(X509Error)
    }
  })

  it('is refused with an own error, or has another content, when one octet is changed', async () => {
    const der = await buildCertificate(input())
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const changed = Uint8Array.from(der)
        changed[place] = (changed[place] ?? 0) ^ change
        try {
          expect(isSignedBy(parseCertificate(changed), publicKey)).toBe(false)
        } catch (error) {
          if (!(error instanceof X509Error)) throw error
        }
      }),
    )
  })

  it('has at most 8 KiB', () => {
    expect(() => parseCertificate(new Uint8Array(8193))).toThrow(
      expect.objectContaining({ code: 'DER_LIMIT' }),
    )
  })

  it('has no extensions rather than an empty list of them', async () => {
    const der = await buildCertificate(input({ extensions: [] }))
    expect(parseCertificate(der).extensions).toEqual([])
  })

  it.each([
    ['zero', '00'],
    ['21 octets', `01${'00'.repeat(20)}`],
    ['20 octets that need a leading zero', 'ff'.repeat(20)],
    ['nothing', ''],
  ])('is not built with a serial number of %s', async (_, hex) => {
    await expect(buildCertificate(input({ serialNumber: fromHex(hex) }))).rejects.toThrow(
      'serial number',
    )
  })

  it('is built with the largest serial number', async () => {
    const serialNumber = fromHex(`7f${'ff'.repeat(19)}`)
    const der = await buildCertificate(input({ serialNumber }))
    expect(parseCertificate(der).serialNumber).toEqual(serialNumber)
  })

  it('refuses an extension that writes its default, not critical', async () => {
    const der = await buildCertificate(input())
    const shown = toHex(der).replace('0101ff', '010100')
    expect(() => parseCertificate(fromHex(shown))).toThrow('writes its default')
  })

  it('refuses a version number that no version has', async () => {
    const der = toHex(await buildCertificate(input()))
    const refused = expect.objectContaining({ code: 'CERTIFICATE_MALFORMED' })
    expect(() => parseCertificate(fromHex(der.replace('a003020102', 'a003020100')))).toThrow(
      refused,
    )
    expect(() => parseCertificate(fromHex(der.replace('a003020102', 'a003020103')))).toThrow(
      refused,
    )
  })

  it('has no single extension of a type that stands twice', async () => {
    const twice = [subjectKeyIdentifier(keyId), subjectKeyIdentifier(keyId)]
    const certificate = parseCertificate(await buildCertificate(input({ extensions: twice })))
    expect(extensionOf(certificate, Oid.subjectKeyIdentifier)).toBeUndefined()
    expect(extensionOf(certificate, Oid.keyUsage)).toBeUndefined()
  })
})

describe('extensions', () => {
  it('bring basic constraints back', () => {
    for (const ca of [true, false]) {
      for (const pathLength of [undefined, 0, 1, 300]) {
        const { value } = basicConstraints({ ca, pathLength })
        expect(readBasicConstraints(value)).toEqual({ ca, pathLength })
      }
    }
  })

  it('bring any key usage back', () => {
    fc.assert(
      fc.property(fc.subarray([...keyUsages]), (usages) => {
        expect(readKeyUsage(keyUsage(usages).value)).toEqual(usages)
      }),
    )
  })

  it('write the usages of a DAC and of a PAI as the field does', () => {
    expect(toHex(keyUsage(['digitalSignature']).value)).toBe('03020780')
    expect(toHex(keyUsage(['keyCertSign', 'cRLSign']).value)).toBe('03020106')
  })

  it.each(['3003010100', '30030101ff00', '3006020100020100', '3100', '04'])(
    'refuse %s as basic constraints',
    (hex) => {
      expect(() => readBasicConstraints(fromHex(hex))).toThrow(X509Error)
    },
  )

  it.each(['03020080', '03030600c0', '0302078000', '040180'])('refuse %s as a key usage', (hex) => {
    expect(() => readKeyUsage(fromHex(hex))).toThrow(X509Error)
  })

  it('read the key identifier beside issuer and serial number', () => {
    const issuer = derTagged(1, derTagged(4, name([{ type: Oid.commonName, value: 'x' }])))
    const serial = Uint8Array.of(0x82, 1, 5)
    const keyIdMember = concat(Uint8Array.of(0x80, 20), keyId)
    const both = derSequence(keyIdMember, issuer, serial)
    expect(readAuthorityKeyIdentifier(both)).toEqual(keyId)
    expect(readAuthorityKeyIdentifier(derSequence(issuer, serial))).toBeUndefined()
    expect(() => readAuthorityKeyIdentifier(derSequence(serial, issuer))).toThrow('out of order')
    expect(() => readAuthorityKeyIdentifier(derSequence(derOid('1.2')))).toThrow('foreign member')
  })

  it('refuse key identifiers of another type', () => {
    expect(() => readSubjectKeyIdentifier(derInteger(1))).toThrow(X509Error)
    expect(() => readSubjectKeyIdentifier(concat(derOctetString(keyId), keyId))).toThrow(X509Error)
  })
})
