import { readFileSync } from 'node:fs'
import { fromHex, seededRandom } from '@keyline/bytes'
import { p256FromScalar, p256Spki } from '@keyline/crypto'
import { MatterOid } from '@keyline/matter'
import {
  authorityKeyIdentifier,
  basicConstraints,
  crlDistributionPoint,
  derBoolean,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derTagged,
  derTaggedPrimitive,
  keyIdentifier,
  keyUsage,
  name,
  Oid,
  parseCertificate,
  subjectKeyIdentifier,
  type Extension,
} from '@keyline/x509'
import { assert, property, uint8Array } from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import type { Finding } from '@keyline/bytes'
import {
  commonParts,
  handmadeCertificate,
  type CertificateParts,
} from '../testing/handmade-certificate.ts'
import { lintAnyDac, lintPaa, lintPai, roleOf } from './lint-certificate.ts'
import { lintRules } from './lint-rules.ts'

const random = seededRandom('lint of authorities')
const [paaKey, paiKey, dacKey, otherKey] = [0, 1, 2, 3].map(() => p256FromScalar(random.bytes(32)))
if (paaKey === undefined || paiKey === undefined) throw new Error('no keys')
if (dacKey === undefined || otherKey === undefined) throw new Error('no keys')

const vid = { type: MatterOid.vendorId, value: 'FFF1' }
const pid = { type: MatterOid.productId, value: '8004' }
const cn = (value: string) => ({ type: Oid.commonName, value })
const start = new Date('2026-01-01T00:00:00Z')
const end = new Date('2036-01-01T00:00:00Z')
const before = new Date('2025-12-31T23:59:59Z')

const encoded = ({ oid, critical, value }: Extension): Uint8Array =>
  derSequence(derOid(oid), ...(critical ? [derBoolean(true)] : []), derOctetString(value))
const own = (oid: string, critical: boolean, value: Uint8Array): Uint8Array =>
  encoded({ oid, critical, value })
const keyId = (key: typeof paaKey): Uint8Array => keyIdentifier(key.publicKey.point)

const paaName = name([cn('Test PAA'), vid])
const paiName = name([cn('Test PAI'), vid])
const period = { notBefore: start, notAfter: end }

const goodPaa: CertificateParts = {
  ...commonParts,
  ...period,
  issuer: paaName,
  subject: paaName,
  spki: p256Spki(paaKey.publicKey.point),
  extensions: [
    basicConstraints({ ca: true, pathLength: 1 }),
    keyUsage(['keyCertSign', 'cRLSign']),
    subjectKeyIdentifier(keyId(paaKey)),
    authorityKeyIdentifier(keyId(paaKey)),
  ].map(encoded),
}
const goodPai: CertificateParts = {
  ...goodPaa,
  subject: paiName,
  spki: p256Spki(paiKey.publicKey.point),
  extensions: [
    basicConstraints({ ca: true, pathLength: 0 }),
    keyUsage(['digitalSignature', 'keyCertSign', 'cRLSign']),
    subjectKeyIdentifier(keyId(paiKey)),
    authorityKeyIdentifier(keyId(paaKey)),
  ].map(encoded),
}
const goodDac: CertificateParts = {
  ...goodPaa,
  issuer: paiName,
  subject: name([cn('Test DAC'), vid, pid]),
  spki: p256Spki(dacKey.publicKey.point),
  extensions: [
    basicConstraints({ ca: false }),
    keyUsage(['digitalSignature']),
    subjectKeyIdentifier(keyId(dacKey)),
    authorityKeyIdentifier(keyId(paiKey)),
  ].map(encoded),
}

const paa = await handmadeCertificate(goodPaa, paaKey)
const pai = await handmadeCertificate(goodPai, paaKey)
const dac = await handmadeCertificate(goodDac, paiKey)

const rules = (findings: readonly Finding[]): readonly string[] => findings.map(({ rule }) => rule)

type Change = (good: CertificateParts) => Partial<CertificateParts>
const changed =
  (place: number, ...values: readonly Uint8Array[]): Change =>
  ({ extensions }) => ({ extensions: extensions.toSpliced(place, 1, ...values) })
const further =
  (...values: readonly Uint8Array[]): Change =>
  ({ extensions }) => ({ extensions: [...extensions, ...values] })
const uriOf = (...names: readonly Uint8Array[]): Uint8Array =>
  own('2.5.29.31', false, derSequence(derSequence(derTagged(0, derTagged(0, ...names)))))
const longUri = `http://example.com/${'x'.repeat(90)}`
const uri = (text: string): Uint8Array => derTaggedPrimitive(6, new TextEncoder().encode(text))

/** Ways to break a CA certificate; the last step of the rule is the same for PAI (20 …) and PAA (40 …). */
const broken: readonly (readonly [step: number, string, Change, roles?: 'PAI' | 'PAA'])[] = [
  [2, 'version 2', () => ({ version: derTagged(0, derInteger(1)) })],
  [3, 'serial number 0', () => ({ serialNumber: derInteger(0) })],
  [4, 'another algorithm', () => ({ outerAlgorithm: derSequence(derOid(Oid.sha256)) })],
  [5, 'another issuer', () => ({ issuer: name([cn('Another')]) })],
  [6, 'two vendor ids', () => ({ subject: name([vid, vid]) })],
  [6, 'no vendor id', () => ({ subject: name([cn('x')]) }), 'PAI'],
  [6, 'a product id', () => ({ subject: name([vid, pid]) }), 'PAA'],
  [7, 'another vendor', () => ({ subject: name([{ ...vid, value: 'FFF2' }]) }), 'PAI'],
  [8, 'an end before its start', () => ({ notAfter: before })],
  [8, 'a start before the PAA', () => ({ notBefore: before }), 'PAI'],
  [9, 'no basic constraints', changed(0)],
  [9, 'CA false', changed(0, encoded(basicConstraints({ ca: false })))],
  [9, 'path length 2', changed(0, encoded(basicConstraints({ ca: true, pathLength: 2 })))],
  [10, 'no cRLSign', changed(1, encoded(keyUsage(['keyCertSign'])))],
  [10, 'keyAgreement', changed(1, encoded(keyUsage(['keyAgreement', 'keyCertSign', 'cRLSign'])))],
  [11, 'no subject key identifier', changed(2)],
  [
    11,
    'a subject key identifier of 8 octets',
    changed(2, encoded(subjectKeyIdentifier(new Uint8Array(8)))),
  ],
  [
    12,
    'the key identifier of another',
    changed(3, encoded(authorityKeyIdentifier(keyId(otherKey)))),
  ],
  [12, 'no authority key identifier', changed(3), 'PAI'],
  [13, 'an unknown extension', further(own('1.2.3.4', false, derNull()))],
  [13, 'a critical extendedKeyUsage', further(own('2.5.29.37', true, derSequence()))],
  [14, 'more than 600 octets', ({ subject }) => ({ subject, extensions: [] })],
  [
    15,
    'a spoiled signature',
    () => ({ spoil: (s) => s.map((o, place) => (place === 40 ? o ^ 1 : o)) }),
  ],
  [
    16,
    'a key of another kind',
    () => ({ spki: derSequence(derSequence(derOid('1.3.101.112')), Uint8Array.of(3, 2, 0, 9)) }),
  ],
  [18, 'two URIs', further(uriOf(uri('http://a'), uri('http://b')))],
  [18, 'a long URI', further(encoded(crlDistributionPoint(longUri)))],
  [18, 'another scheme', further(encoded(crlDistributionPoint('ldap://a')))],
]
/** Big enough to break LINT-x4 and nothing else. */
const bulk = own('2.5.29.17', false, derSequence(derOctetString(new Uint8Array(300))))

function breaksOf(wanted: 'PAI' | 'PAA') {
  return broken
    .filter(([, , , role]) => role === undefined || role === wanted)
    .map(([step, what, change]) => [step, what, change] as const)
}

function ruleOf(base: number, step: number): string {
  return `LINT-${String(base + step).padStart(2, '0')}`
}

describe('the lint of any certificate', () => {
  it('finds nothing in a good chain, with every extension that the profile allows', async () => {
    expect(lintPaa(paa)).toEqual([])
    expect(lintPai({ certificate: pai, paa })).toEqual([])
    expect(lintAnyDac({ certificate: dac, pai, paa })).toEqual([])
    const allowed = [
      encoded(crlDistributionPoint('https://example.com/crl')),
      own('2.5.29.37', false, derSequence(derOid('1.3.6.1.5.5.7.3.2'))),
      own('1.3.6.1.5.5.7.1.1', false, derSequence()),
    ]
    const extensions = [...goodDac.extensions, ...allowed]
    const rich = await handmadeCertificate({ ...goodDac, extensions }, paiKey)
    expect(lintAnyDac({ certificate: rich, pai, paa })).toEqual([])
  })

  it.each(breaksOf('PAI'))('finds its step %s in a PAI with %s', async (step, _, change) => {
    const extra = step === 14 ? { extensions: [...goodPai.extensions, bulk] } : change(goodPai)
    const der = await handmadeCertificate({ ...goodPai, ...extra }, paaKey)
    expect(rules(lintPai({ certificate: der, paa }))).toContain(ruleOf(20, step))
  })

  it.each(breaksOf('PAA'))('finds its step %s in a PAA with %s', async (step, _, change) => {
    const extra = step === 14 ? { extensions: [...goodPaa.extensions, bulk] } : change(goodPaa)
    const der = await handmadeCertificate({ ...goodPaa, ...extra }, paaKey)
    expect(rules(lintPaa(der))).toContain(ruleOf(40, step))
  })

  it('has a test for each rule of an authority', () => {
    const steps = new Set(
      broken.flatMap(([step, , , role]) => {
        if (role !== undefined) return [ruleOf(role === 'PAI' ? 20 : 40, step)]
        return [ruleOf(20, step), ruleOf(40, step)]
      }),
    )
    const declared = Object.keys(lintRules).filter((rule) => rule > 'LINT-20')
    expect([...steps, 'LINT-21', 'LINT-41'].toSorted()).toEqual(declared)
  })

  it('gives the rule of the parser alone for octets that are no certificate', () => {
    expect(rules(lintPaa(Uint8Array.of(0x30, 0)))).toEqual(['LINT-41'])
    expect(rules(lintPai({ certificate: Uint8Array.of(), paa }))).toEqual(['LINT-21'])
    expect(rules(lintAnyDac({ certificate: dac.subarray(1), pai }))).toEqual(['LINT-01'])
    expect(() => lintPai({ certificate: pai, paa: Uint8Array.of() })).toThrow(
      expect.objectContaining({ code: 'ISSUER_PAI_UNUSABLE' }),
    )
  })

  it('judges any octets, and finds something in every certificate with one octet changed', () => {
    assert(
      property(uint8Array({ maxLength: 700 }), (octets) => {
        const first = [
          lintPaa(octets),
          lintPai({ certificate: octets, paa }),
          lintAnyDac({ certificate: octets, pai }),
        ].map((findings) => rules(findings)[0])
        expect(first).toEqual(['LINT-41', 'LINT-21', 'LINT-01'])
      }),
    )
    for (let place = 0; place < pai.length; place++) {
      const damaged = pai.map((octet, index) => (index === place ? octet ^ 0x04 : octet))
      expect(lintPai({ certificate: damaged, paa }), `octet ${place}`).not.toEqual([])
    }
  })

  it.each([
    ['LINT-05', { issuer: paaName }],
    ['LINT-07', { subject: name([{ ...vid, value: 'FFF2' }, pid]) }],
    ['LINT-08', { notBefore: before }],
    ['LINT-15', { spoil: (s: Uint8Array) => s.map((o, place) => (place === 40 ? o ^ 1 : o)) }],
    ['LINT-17', further(own('1.2.3.4', false, derNull()))(goodDac)],
    ['LINT-18', further(encoded(crlDistributionPoint('ftp://x')))(goodDac)],
    ['LINT-19', { notBefore: before }],
    [
      'LINT-20',
      { spki: derSequence(derSequence(derOid('1.3.101.112')), Uint8Array.of(3, 2, 0, 9)) },
    ],
  ])('finds %s in a DAC', async (rule, change) => {
    const der = await handmadeCertificate({ ...goodDac, ...change }, paiKey)
    expect(rules(lintAnyDac({ certificate: der, pai, paa }))).toContain(rule)
  })

  it('asks of a DAC what was ordered, and nothing of an issuer that is not given', async () => {
    const ordered = { publicKey: otherKey.publicKey.point, vendorId: 0xfff1, productId: 0x8005 }
    expect(rules(lintAnyDac({ certificate: dac, ...ordered }))).toEqual(['LINT-07', 'LINT-16'])
    const foreign = await handmadeCertificate({ ...goodDac, issuer: paaName }, otherKey)
    expect(lintAnyDac({ certificate: foreign })).toEqual([])
  })

  it('a DAC may outlive its PAI, unless this issuer made it', async () => {
    const der = await handmadeCertificate({ ...goodDac, notAfter: new Date('2050-01-01') }, paiKey)
    expect(lintAnyDac({ certificate: der, pai, paa })).toEqual([])
  })

  it('tells the role of a certificate', () => {
    expect([paa, pai, dac].map((der) => roleOf(parseCertificate(der)))).toEqual([
      'PAA',
      'PAI',
      'DAC',
    ])
  })
})

interface CertificateCase {
  readonly id: string
  readonly role: string
  readonly der: string
  readonly profileProblems: readonly string[]
}

describe('the published certificates', () => {
  const files = ['chains/dac.json', 'chains/paa-pai.json']
  const cases = files.flatMap((file): readonly CertificateCase[] => {
    const url = new URL(`../../../../test/vectors/matter/${file}`, import.meta.url)
    const { vectors }: { readonly vectors: readonly CertificateCase[] } = JSON.parse(
      readFileSync(url, 'utf8'),
    )
    return vectors
  })

  it('break a rule of the lint exactly where they break their profile', () => {
    expect(cases.length).toBeGreaterThan(40)
    for (const { id, role, der, profileProblems } of cases) {
      const certificate = fromHex(der)
      const findings =
        role === 'PAA'
          ? lintPaa(certificate)
          : role === 'PAI'
            ? lintPai({ certificate })
            : lintAnyDac({ certificate })
      // Some of the set are longer than 600 octets, which the profile names without a violation of its own.
      const errors = findings.filter(
        ({ rule, severity }) =>
          severity === 'error' && !['LINT-14', 'LINT-34', 'LINT-54'].includes(rule),
      )
      expect(errors.length > 0, `${id}: ${rules(errors).join()}`).toBe(profileProblems.length > 0)
    }
  })
})
