import { concat, seededRandom } from '@keyline/bytes'
import { p256FromScalar, p256Spki } from '@keyline/crypto'
import { MatterOid } from '@keyline/matter'
import {
  authorityKeyIdentifier,
  basicConstraints,
  derBitString,
  derBoolean,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derTagged,
  keyIdentifier,
  keyUsage,
  name,
  Oid,
  parseCertificate,
  subjectKeyIdentifier,
  type Extension,
} from '@keyline/x509'
import { assert, property, uint8Array } from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import {
  commonParts,
  handmadeCertificate,
  type CertificateParts,
} from '../testing/handmade-certificate.ts'
import { testPki, today } from '../testing/test-line.ts'
import type { Pki } from '../pki/create-pki.ts'
import { createDacLint, lintDac, type DacLint } from './lint-dac.ts'
import { lintRules } from './lint-rules.ts'

const random = seededRandom('lint')
const device = p256FromScalar(random.bytes(32))
const another = p256FromScalar(random.bytes(32))
const end = new Date('2036-05-01T00:00:00Z')
const unsignedInteger = (octets: readonly number[]): Uint8Array =>
  concat(Uint8Array.of(0x02, octets.length), Uint8Array.from(octets))

const vid = (value: string): { readonly type: string; readonly value: string } => ({
  type: MatterOid.vendorId,
  value,
})
const pid = (value: string): { readonly type: string; readonly value: string } => ({
  type: MatterOid.productId,
  value,
})
const cn = (value: string): { readonly type: string; readonly value: string } => ({
  type: Oid.commonName,
  value,
})

/** An extension as it stands, criticality and value of choice. */
function extension(oid: string, critical: boolean, value: Uint8Array): Uint8Array {
  const members = critical ? [derOid(oid), derBoolean(true)] : [derOid(oid)]
  return derSequence(...members, derOctetString(value))
}
const encoded = ({ oid, critical, value }: Extension): Uint8Array => extension(oid, critical, value)

let pki: Pki
let lint: DacLint
let good: CertificateParts
let constraints: Uint8Array
let usage: Uint8Array
let subjectKey: Uint8Array
let authorityKey: Uint8Array

beforeAll(async () => {
  pki = await testPki({ notAfter: end })
  lint = createDacLint(pki.pai.certificate)
  constraints = encoded(basicConstraints({ ca: false }))
  usage = encoded(keyUsage(['digitalSignature']))
  subjectKey = encoded(subjectKeyIdentifier(keyIdentifier(device.publicKey.point)))
  authorityKey = encoded(authorityKeyIdentifier(keyIdentifier(pki.pai.keyPair.publicKey.point)))
  good = {
    ...commonParts,
    issuer: parseCertificate(pki.pai.certificate).subject,
    notBefore: today,
    notAfter: end,
    subject: name([cn('Matter DAC'), vid('FFF1'), pid('8004')]),
    spki: p256Spki(device.publicKey.point),
    extensions: [constraints, usage, subjectKey, authorityKey],
  }
})

const certificate = (changed: Partial<CertificateParts>): Promise<Uint8Array> =>
  handmadeCertificate({ ...good, ...changed }, pki.pai.keyPair)

function rulesOf(der: Uint8Array): readonly string[] {
  const ordered = { publicKey: device.publicKey.point, vendorId: 0xfff1, productId: 0x8004 }
  return lint({ certificate: der, ...ordered }).map(({ rule }) => rule)
}

const without = (place: number): readonly Uint8Array[] =>
  good.extensions.filter((_, index) => index !== place)
const instead = (place: number, value: Uint8Array): readonly Uint8Array[] =>
  good.extensions.map((present, index) => (index === place ? value : present))

describe('the lint', () => {
  it('finds nothing in a good certificate, with ids in attributes or in the common name', async () => {
    expect(rulesOf(await certificate({}))).toEqual([])
    const fallback = name([cn('Matter DAC Mvid:FFF1 Mpid:8004')])
    expect(rulesOf(await certificate({ subject: fallback }))).toEqual([])
  })

  /** Each invariant broken once, and in each of its ways; the first number is the invariant's. */
  const broken: readonly (readonly [readonly string[], string, () => Partial<CertificateParts>])[] =
    [
      [['LINT-02'], 'version 2', () => ({ version: derTagged(0, derInteger(1)) })],
      [['LINT-03'], 'serial number 0', () => ({ serialNumber: derInteger(0) })],
      [['LINT-03'], 'a negative serial number', () => ({ serialNumber: unsignedInteger([0x80]) })],
      [
        ['LINT-03'],
        'a serial number of 21 octets',
        () => ({ serialNumber: unsignedInteger([0, ...Array.from({ length: 20 }, () => 0x80)]) }),
      ],
      [
        ['LINT-04', 'LINT-15'],
        'another algorithm inside',
        () => ({ innerAlgorithm: derSequence(derOid('1.2.840.10045.4.3.3')) }),
      ],
      [
        ['LINT-04', 'LINT-15'],
        'parameters of the algorithm',
        () => ({ outerAlgorithm: derSequence(derOid(Oid.ecdsaWithSha256), derNull()) }),
      ],
      [
        ['LINT-05'],
        'the PAA for the issuer',
        () => ({ issuer: parseCertificate(pki.paa.certificate).subject }),
      ],
      [
        ['LINT-06'],
        'no vendor id',
        () => ({ subject: name([cn('Mvid:FFF1 Mpid:8004'), pid('8004')]) }),
      ],
      [['LINT-06'], 'no ids at all', () => ({ subject: name([cn('Matter DAC')]) })],
      [
        ['LINT-06'],
        'two vendor ids',
        () => ({ subject: name([vid('FFF1'), vid('FFF1'), pid('8004')]) }),
      ],
      [
        ['LINT-06'],
        'two product ids',
        () => ({ subject: name([vid('FFF1'), pid('8004'), pid('8004')]) }),
      ],
      [['LINT-06'], 'lower-case digits', () => ({ subject: name([vid('fff1'), pid('8004')]) })],
      [
        ['LINT-06'],
        'an id in a PrintableString',
        () => ({ subject: name([{ ...vid('FFF1'), printable: true }, pid('8004')]) }),
      ],
      [
        ['LINT-06'],
        'a prefix without digits',
        () => ({ subject: name([cn('Mvid:FFF1 Mpid:80x4')]) }),
      ],
      [
        ['LINT-06'],
        'ids behind 64 octets',
        () => ({ subject: name([cn(`${'x'.repeat(60)} Mvid:FFF1 Mpid:8004`)]) }),
      ],
      [['LINT-07'], 'the vendor of another', () => ({ subject: name([vid('FFF2'), pid('8004')]) })],
      [
        ['LINT-07'],
        'the product of another',
        () => ({ subject: name([vid('FFF1'), pid('8005')]) }),
      ],
      [
        ['LINT-08'],
        'a start before the PAI',
        () => ({ notBefore: new Date('2026-04-30T23:59:59Z') }),
      ],
      [['LINT-08'], 'an end after the PAI', () => ({ notAfter: new Date(end.getTime() + 1000) })],
      [
        ['LINT-08'],
        'an end before the start',
        () => ({ notAfter: new Date('2026-05-31T00:00:00Z') }),
      ],
      [['LINT-09'], 'no basicConstraints', () => ({ extensions: without(0) })],
      [
        ['LINT-09'],
        'CA true',
        () => ({ extensions: instead(0, encoded(basicConstraints({ ca: true }))) }),
      ],
      [
        ['LINT-09'],
        'a pathLen',
        () => ({
          extensions: instead(0, extension(Oid.basicConstraints, true, derSequence(derInteger(0)))),
        }),
      ],
      [
        ['LINT-09'],
        'basicConstraints that are not critical',
        () => ({ extensions: instead(0, extension(Oid.basicConstraints, false, derSequence())) }),
      ],
      [
        ['LINT-09'],
        'basicConstraints that cannot be read',
        () => ({ extensions: instead(0, extension(Oid.basicConstraints, true, derNull())) }),
      ],
      [['LINT-10'], 'no keyUsage', () => ({ extensions: without(1) })],
      [
        ['LINT-10'],
        'a keyUsage that signs certificates',
        () => ({ extensions: instead(1, encoded(keyUsage(['digitalSignature', 'keyCertSign']))) }),
      ],
      [
        ['LINT-10'],
        'a keyUsage that is not critical',
        () => ({
          extensions: instead(
            1,
            extension(Oid.keyUsage, false, derBitString(Uint8Array.of(0x80), 7)),
          ),
        }),
      ],
      [['LINT-11'], 'no subjectKeyIdentifier', () => ({ extensions: without(2) })],
      [
        ['LINT-11'],
        'a subjectKeyIdentifier of 19 octets',
        () => ({ extensions: instead(2, encoded(subjectKeyIdentifier(new Uint8Array(19)))) }),
      ],
      [
        ['LINT-11'],
        'a critical subjectKeyIdentifier',
        () => ({
          extensions: instead(
            2,
            extension(Oid.subjectKeyIdentifier, true, derOctetString(new Uint8Array(20))),
          ),
        }),
      ],
      [['LINT-12'], 'no authorityKeyIdentifier', () => ({ extensions: without(3) })],
      [
        ['LINT-12'],
        'the key identifier of the PAA',
        () => ({
          extensions: instead(
            3,
            encoded(authorityKeyIdentifier(keyIdentifier(pki.paa.keyPair.publicKey.point))),
          ),
        }),
      ],
      [
        ['LINT-12'],
        'an authorityKeyIdentifier without key',
        () => ({
          extensions: instead(3, extension(Oid.authorityKeyIdentifier, false, derSequence())),
        }),
      ],
      [
        ['LINT-13'],
        'an extendedKeyUsage',
        () => ({
          extensions: [
            ...good.extensions,
            extension(Oid.extendedKeyUsage, false, derSequence(derOid('1.3.6.1.5.5.7.3.2'))),
          ],
        }),
      ],
      [
        ['LINT-13'],
        'an unknown extension',
        () => ({ extensions: [...good.extensions, extension('1.2.3.4', false, derNull())] }),
      ],
      [
        ['LINT-11', 'LINT-13'],
        'an extension twice',
        () => ({ extensions: [...good.extensions, subjectKey] }),
      ],
      [
        ['LINT-14'],
        'more than 600 octets',
        () => ({ subject: name([cn('x'.repeat(200)), vid('FFF1'), pid('8004')]) }),
      ],
      [
        ['LINT-15'],
        'a signature with one bit changed',
        () => ({
          spoil: (signature) => signature.map((octet, place) => (place === 40 ? octet ^ 1 : octet)),
        }),
      ],
      [
        ['LINT-16'],
        'the key of another board',
        () => ({ spki: p256Spki(another.publicKey.point) }),
      ],
    ]

  it.each(broken)('finds %s in a certificate with %s', async (rules, _, change) => {
    expect(rulesOf(await certificate(change()))).toEqual(rules)
  })

  it('of what this issuer makes has a test for each of its rules', () => {
    const tested = new Set(['LINT-01', ...broken.flatMap(([rules]) => rules)])
    expect([...tested].sort()).toEqual(Object.keys(lintRules).slice(0, 16))
  })

  it('agrees to the product only of a PAI that is bound to it', async () => {
    const bound = await testPki({ productId: 0x8005, notAfter: end })
    const der = await certificate({})
    const ordered = { publicKey: device.publicKey.point, vendorId: 0xfff1, productId: 0x8004 }
    const findings = lintDac({ certificate: der, ...ordered, pai: bound.pai.certificate })
    expect(findings.map(({ rule }) => rule)).toContain('LINT-07')
  })

  it('names everything that is wrong at once', async () => {
    const der = await certificate({
      serialNumber: derInteger(0),
      extensions: without(0),
      notAfter: new Date(0),
    })
    expect(rulesOf(der)).toEqual(['LINT-03', 'LINT-08', 'LINT-09'])
  })

  it('gives LINT-01 alone for octets that are no certificate', async () => {
    const der = await certificate({})
    expect(rulesOf(concat(der, Uint8Array.of(0)))).toEqual(['LINT-01'])
    assert(property(uint8Array({ maxLength: 700 }), (octets) => rulesOf(octets)[0] === 'LINT-01'))
  })

  it('finds something in every certificate with one octet changed', async () => {
    const der = await certificate({})
    for (let place = 0; place < der.length; place++) {
      expect(
        rulesOf(der.map((octet, index) => (index === place ? octet ^ 0x04 : octet))),
      ).not.toEqual([])
    }
  })

  it('refuses to be prepared with something else than a PAI', () => {
    expect(() => createDacLint(Uint8Array.of(0x30, 0))).toThrow(
      expect.objectContaining({ code: 'ISSUER_PAI_UNUSABLE' }),
    )
  })
})
