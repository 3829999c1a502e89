import { fromHex, toHex } from '@keyline/bytes'
import { generateP256, keyPairSigner } from '@keyline/crypto'
import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { derTime } from '../der/time.ts'
import {
  derBitString,
  derBoolean,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  derTagged,
  derValue,
} from '../der/writer.ts'
import { X509Error } from '../errors.ts'
import { ecdsaWithSha256Der } from '../key/algorithm.ts'
import { keyIdentifier } from '../key/key-handle.ts'
import { name } from '../name/name.ts'
import { Oid } from '../oids.ts'
import { buildCrl, type CrlInput } from './build.ts'
import { parseCrl } from './crl.ts'
import { revocationReasons } from './entry.ts'
import { isCrlSignedBy } from './signature.ts'

const issuer = generateP256()
const { publicKey } = issuer
const keyId = keyIdentifier(publicKey.point)
const issuerName = name([{ type: Oid.commonName, value: 'Matter PAA' }])
const at = (iso: string): Date => new Date(iso)

const input = (changed: Partial<CrlInput> = {}): CrlInput => ({
  issuer: issuerName,
  authorityKeyId: keyId,
  thisUpdate: at('2026-01-01T00:00:00Z'),
  nextUpdate: at('2026-02-01T00:00:00Z'),
  number: 7,
  revoked: [],
  signer: keyPairSigner(issuer),
  ...changed,
})

const second = fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => new Date(seconds * 1000))
const entry = fc.record({
  serialNumber: fc
    .uint8Array({ minLength: 1, maxLength: 20 })
    .filter(([first = 0]) => first > 0 && first < 0x80),
  revokedAt: second,
  reason: fc.constantFrom(...revocationReasons),
})

describe('a revocation list', () => {
  it('comes back as it was built', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 20 }), second, async (revoked, thisUpdate) => {
        const crl = parseCrl(await buildCrl(input({ revoked, thisUpdate })))
        expect(crl.issuer).toEqual(issuerName)
        expect(crl.thisUpdate).toEqual(thisUpdate)
        expect(crl.nextUpdate).toEqual(at('2026-02-01T00:00:00Z'))
        expect(crl.authorityKeyId).toEqual(keyId)
        expect(crl.number).toEqual(Uint8Array.of(7))
        expect(crl.issuingDistributionPoint).toBeUndefined()
        expect(crl.size).toBe(revoked.length)
        expect([...crl]).toMatchObject(revoked)
        expect(isCrlSignedBy(crl, publicKey)).toBe(true)
        expect(isCrlSignedBy(crl, generateP256().publicKey)).toBe(false)
      }),
      { numRuns: 20 },
    )
  })

  it('carries its distribution point as a critical extension, unread', async () => {
    const value = derSequence(derTagged(0, derTagged(0)))
    const crl = parseCrl(await buildCrl(input({ issuingDistributionPoint: value })))
    expect(crl.issuingDistributionPoint).toEqual(value)
    expect(crl.extensions.find(({ critical }) => critical)?.oid).toBe(Oid.issuingDistributionPoint)
  })

  it('holds a hundred thousand certificates', async () => {
    const revoked = Array.from({ length: 100_000 }, (_, index) => ({
      serialNumber: Uint8Array.of(1, index >> 16, (index >> 8) & 0xff, index & 0xff),
      revokedAt: at('2025-12-24T00:00:00Z'),
    }))
    const crl = parseCrl(await buildCrl(input({ revoked })))
    expect(crl.size).toBe(100_000)
  })

  it('has a number of at most 20 octets', async () => {
    const largest = new Uint8Array(20).fill(0x7f)
    expect(parseCrl(await buildCrl(input({ number: largest }))).number).toEqual(largest)
    const code = expect.objectContaining({ code: 'X509_VALUE' })
    await expect(buildCrl(input({ number: new Uint8Array(21).fill(1) }))).rejects.toThrow(code)
  })

  describe('whose octets are changed', () => {
    let der: Uint8Array

    beforeAll(async () => {
      const revokedAt = at('2025-12-24T00:00:00Z')
      const keyCompromise = { revokedAt, reason: 'keyCompromise' as const }
      der = await buildCrl(
        input({
          revoked: [
            { serialNumber: fromHex('1f'), ...keyCompromise },
            { serialNumber: fromHex('20'), revokedAt },
          ],
        }),
      )
    })

    it('is refused at every prefix', () => {
      for (let length = 0; length < der.length; length++) {
        expect(() => parseCrl(der.subarray(0, length)), String(length)).toThrow(X509Error)
      }
    })

    it('is refused, or not signed any more', () => {
      fc.assert(
        fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
          const changed = Uint8Array.from(der)
          changed[place] = (changed[place] ?? 0) ^ change
          expect(isReadAndSigned(changed)).toBe(false)
        }),
      )
    })
  })
})

function isReadAndSigned(der: Uint8Array): boolean {
  try {
    return isCrlSignedBy(parseCrl(der), publicKey)
  } catch (error) {
    if (error instanceof X509Error) return false
    throw error
  }
}

const begin = [derInteger(1), ecdsaWithSha256Der, issuerName, derTime(at('2026-01-01T00:00:00Z'))]
const list = (...members: readonly Uint8Array[]): Uint8Array =>
  derSequence(derSequence(...members), ecdsaWithSha256Der, derBitString(Uint8Array.of(0)))
const extension = (oid: string, value: Uint8Array): Uint8Array =>
  derSequence(derOid(oid), derOctetString(value))
const entryWith = (...extensions: readonly Uint8Array[]): Uint8Array =>
  derSequence(
    derInteger(5),
    derTime(at('2025-12-24T00:00:00Z')),
    ...(extensions.length > 0 ? [derSequence(...extensions)] : []),
  )
const reason = (code: number): Uint8Array =>
  extension(Oid.reasonCode, derValue(0x0a, Uint8Array.of(code)))
const extensions = (...members: readonly Uint8Array[]): Uint8Array =>
  derTagged(0, derSequence(...members))
const names = (text: string): Uint8Array =>
  derSequence(derTagged(4, name([{ type: Oid.commonName, value: text }])))

describe('a list put together by hand', () => {
  it('may lack the next update, certificates and extensions', () => {
    const crl = parseCrl(list(...begin))
    expect(crl).toMatchObject({ nextUpdate: undefined, size: 0, extensions: [], number: undefined })
    expect([...crl]).toEqual([])
  })

  it('names the issuer of a foreign certificate until it names another', () => {
    const by = (text: string): Uint8Array =>
      entryWith(extension(Oid.certificateIssuer, names(text)))
    const crl = parseCrl(list(...begin, derSequence(entryWith(), by('A'), entryWith(), by('B'))))
    expect([...crl].map(({ certificateIssuer }) => certificateIssuer)).toEqual([
      undefined,
      names('A'),
      names('A'),
      names('B'),
    ])
  })

  it.each<[what: string, code: string, make: () => Uint8Array]>([
    ['version 1', 'CRL_MALFORMED', () => list(...begin.slice(1))],
    ['version 3', 'CRL_MALFORMED', () => list(derInteger(2), ...begin.slice(1))],
    ['an empty list of certificates', 'CRL_MALFORMED', () => list(...begin, derSequence())],
    ['reason 7', 'CRL_MALFORMED', () => list(...begin, derSequence(entryWith(reason(7))))],
    ['reason 11', 'CRL_MALFORMED', () => list(...begin, derSequence(entryWith(reason(11))))],
    [
      'a reason of two octets',
      'CRL_MALFORMED',
      () =>
        list(
          ...begin,
          derSequence(entryWith(extension(Oid.reasonCode, derValue(0x0a, Uint8Array.of(0, 1))))),
        ),
    ],
    [
      'two reasons in one entry',
      'CRL_MALFORMED',
      () => list(...begin, derSequence(entryWith(reason(1), reason(1)))),
    ],
    [
      'a reason that is no enumeration',
      'DER_MALFORMED',
      () => list(...begin, derSequence(entryWith(extension(Oid.reasonCode, derInteger(1))))),
    ],
    [
      'a negative number',
      'CRL_MALFORMED',
      () => list(...begin, extensions(extension(Oid.crlNumber, Uint8Array.of(2, 1, 0x80)))),
    ],
    [
      'a number of 21 octets',
      'CRL_MALFORMED',
      () =>
        list(
          ...begin,
          extensions(extension(Oid.crlNumber, derInteger(new Uint8Array(21).fill(1)))),
        ),
    ],
    [
      'two numbers',
      'CRL_MALFORMED',
      () =>
        list(
          ...begin,
          extensions(
            extension(Oid.crlNumber, derInteger(1)),
            extension(Oid.crlNumber, derInteger(1)),
          ),
        ),
    ],
    [
      'an extension that writes its default',
      'DER_MALFORMED',
      () =>
        list(
          ...begin,
          extensions(
            derSequence(derOid(Oid.crlNumber), derBoolean(false), derOctetString(derInteger(1))),
          ),
        ),
    ],
    ['an empty list of extensions', 'DER_MALFORMED', () => list(...begin, extensions())],
    ['a member behind its last one', 'DER_MALFORMED', () => list(...begin, derInteger(1))],
    [
      'an entry without a time',
      'DER_MALFORMED',
      () => list(...begin, derSequence(derSequence(derInteger(5)))),
    ],
    ['17 MiB', 'DER_LIMIT', () => new Uint8Array(17 * 2 ** 20)],
  ])('is refused for %s', (_what, code, make) => {
    expect(() => parseCrl(make())).toThrow(expect.objectContaining({ code }))
  })

  it('keeps extensions that it does not know', () => {
    const crl = parseCrl(list(...begin, extensions(extension('1.2.3.4', derInteger(1)))))
    expect(crl.extensions.map(({ oid, value }) => `${oid} ${toHex(value)}`)).toEqual([
      '1.2.3.4 020101',
    ])
  })
})
