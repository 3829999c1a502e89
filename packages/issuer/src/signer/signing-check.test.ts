import { generateP256, keyPairSigner, type Signer } from '@keyline/crypto'
import {
  basicConstraints,
  buildCrl,
  buildRequest,
  keyIdentifier,
  keyUsage,
  name,
  parseCertificate,
} from '@keyline/x509'
import { beforeAll, describe, expect, it } from 'vitest'
import { buildDac, dacTbs, type DacTbsInput } from '../build/build-dac.ts'
import { readPai } from '../build/pai.ts'
import { certifyPai, type Pki } from '../pki/create-pki.ts'
import { testPki, today } from '../testing/test-line.ts'
import { buildTbsCertificate } from '@keyline/x509'
import { createSigningCheck, type SigningCheck } from './signing-check.ts'

let pki: Pki
let check: SigningCheck
beforeAll(async () => {
  pki = await testPki()
  check = createSigningCheck(pki.pai.certificate)
})

/** What a device certificate of the PAI would be signed over, changed as told. */
function dac(
  changed: Partial<DacTbsInput> = {},
  extensions?: (own: ReturnType<typeof dacTbs>['extensions']) => typeof own,
): Uint8Array {
  const tbs = dacTbs({
    pai: readPai(pki.pai.certificate),
    publicKey: generateP256().publicKey,
    serialNumber: Uint8Array.of(1, 2, 3),
    commonName: 'Device 1',
    vendorId: 0xfff1,
    productId: 0x8004,
    notBefore: today,
    notAfter: new Date('2036-06-01T00:00:00Z'),
    ...changed,
  })
  return buildTbsCertificate(
    extensions === undefined ? tbs : { ...tbs, extensions: extensions(tbs.extensions) },
  )
}

/** Gives what it is asked to sign. */
async function askedBy(ask: (signer: Signer) => Promise<unknown>): Promise<Uint8Array> {
  let asked = new Uint8Array()
  const own = keyPairSigner(pki.pai.keyPair)
  await ask({
    publicKey: own.publicKey,
    sign: (message) => {
      asked = Uint8Array.from(message)
      return own.sign(message)
    },
  })
  return asked
}

const list = (changed: Partial<Parameters<typeof buildCrl>[0]> = {}): Promise<Uint8Array> =>
  askedBy((signer) =>
    buildCrl({
      issuer: parseCertificate(pki.pai.certificate).subject,
      authorityKeyId: keyIdentifier(pki.pai.keyPair.publicKey.point),
      thisUpdate: today,
      nextUpdate: new Date('2026-07-01T00:00:00Z'),
      number: 1,
      revoked: [{ serialNumber: Uint8Array.of(7), revokedAt: today }],
      signer,
      ...changed,
    }),
  )

describe('a holder of a PAI key', () => {
  it('signs a device certificate of its PAI, in both forms of the subject', () => {
    expect(check(dac())).toBe('certificate')
    expect(check(dac({ subjectEncoding: 'cn-fallback' }))).toBe('certificate')
  })

  it('signs what the issuer asks for', async () => {
    const tbs = await askedBy((signer) =>
      buildDac({
        pai: readPai(pki.pai.certificate),
        signer,
        publicKey: generateP256().publicKey,
        serialNumber: Uint8Array.of(9),
        commonName: 'Device 2',
        vendorId: 0xfff1,
        productId: 0x8004,
        notBefore: today,
        notAfter: new Date('2036-06-01T00:00:00Z'),
        now: today,
      }),
    )
    expect(check(tbs)).toBe('certificate')
  })

  it('signs the list of its PAI, and a probe', async () => {
    expect(check(await list())).toBe('list')
    expect(check(new Uint8Array(32))).toBe('probe')
  })

  it('does not sign a CA certificate', async () => {
    const signer = keyPairSigner(pki.pai.keyPair)
    const authority = dac({}, (own) => [
      basicConstraints({ ca: true, pathLength: 0 }),
      keyUsage(['keyCertSign', 'cRLSign']),
      ...own.slice(2),
    ])
    expect(() => check(authority)).toThrow(
      expect.objectContaining({
        code: 'ISSUER_SIGNER_REFUSED',
        message: expect.stringContaining('LINT-09') as string,
      }),
    )
    // A PAI below this PAI is not even made: what would be its PAA is none.
    const below = certifyPai({
      vendorId: 0xfff1,
      notBefore: today,
      random: { bytes: (length) => new Uint8Array(length).fill(1) },
      publicKey: generateP256().publicKey,
      paa: { certificate: pki.pai.certificate, signer },
    })
    await expect(below).rejects.toMatchObject({ code: 'ISSUER_PKI_INPUT' })
  })

  it.each<readonly [string, string, () => Uint8Array | Promise<Uint8Array>]>([
    [
      'with keyCertSign alone',
      'LINT-10',
      () =>
        dac({}, ([first, , ...rest]) => [
          ...(first === undefined ? [] : [first]),
          keyUsage(['digitalSignature', 'keyCertSign']),
          ...rest,
        ]),
    ],
    ['without basic constraints', 'LINT-09', () => dac({}, (own) => own.slice(1))],
    ['of another vendor', 'LINT-07', () => dac({ vendorId: 0xfff2 })],
    [
      'that outlives nothing but begins before the PAI',
      'LINT-08',
      () => dac({ notBefore: new Date('2020-01-01T00:00:00Z') }),
    ],
    [
      'of another issuer',
      'LINT-05',
      async () => {
        const other = await testPki({ commonNames: { pai: 'Other PAI' } })
        return dac({ pai: readPai(other.pai.certificate) })
      },
    ],
  ])('does not sign a certificate %s', async (_, rule, make) => {
    const tbs = await make()
    expect(() => check(tbs)).toThrow(
      expect.objectContaining({
        code: 'ISSUER_SIGNER_REFUSED',
        message: expect.stringContaining(rule) as string,
      }),
    )
  })

  it('does not sign a list of another issuer or under another key', async () => {
    const lists = await Promise.all([
      list({ issuer: parseCertificate(pki.paa.certificate).subject }),
      list({ authorityKeyId: new Uint8Array(20) }),
    ])
    for (const one of lists) {
      expect(() => check(one)).toThrow(expect.objectContaining({ code: 'ISSUER_SIGNER_REFUSED' }))
    }
  })

  it('does not sign a request, a message, or octets of any other kind', async () => {
    const request = await askedBy((signer) => buildRequest({ subject: name([]), signer }))
    const good = dac()
    const others = [
      request,
      new Uint8Array(31),
      new Uint8Array(33),
      new TextEncoder().encode('{"seq":1,"hash":"00"}'),
      good.subarray(0, good.length - 1),
      Uint8Array.of(...good, 0),
      pki.paa.certificate,
    ]
    for (const octets of others) {
      expect(() => check(octets)).toThrow(
        expect.objectContaining({ code: 'ISSUER_SIGNER_REFUSED' }),
      )
    }
  })
})
