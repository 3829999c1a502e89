import { concat, encodeUtf8, fromHex, Secret, toHex } from '@keyline/bytes'
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { generateP256, p256FromScalar, p256Order } from './p256.ts'
import { p256FromEncoded, p256ScalarOf, p256ToPkcs8 } from './private-key.ts'

// RFC 6979, appendix A.2.5
const scalar = fromHex('c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721')
const point = fromHex(
  [
    '04',
    '60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6',
    '7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299',
  ].join(''),
)
const curve = 'a00a06082a8648ce3d030107'
const passphrase = 'correct horse'
const secret = (text: string): Secret => new Secret(encodeUtf8(text))
const failure = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) })

/** ECPrivateKey of RFC 5915 with and without the public key. */
function sec1(privateKey: Uint8Array, publicKey?: Uint8Array): Buffer {
  if (publicKey === undefined)
    return Buffer.from(`30310201010420${toHex(privateKey)}${curve}`, 'hex')
  const text = `30770201010420${toHex(privateKey)}${curve}a144034200${toHex(publicKey)}`
  return Buffer.from(text, 'hex')
}

const known: KeyObject = createPrivateKey({ key: sec1(scalar, point), format: 'der', type: 'sec1' })
const locked = { cipher: 'aes-256-cbc', passphrase } as const
const pem = {
  pkcs8: known.export({ format: 'pem', type: 'pkcs8' }),
  sec1: known.export({ format: 'pem', type: 'sec1' }),
  lockedPkcs8: known.export({ format: 'pem', type: 'pkcs8', ...locked }),
  lockedSec1: known.export({ format: 'pem', type: 'sec1', ...locked }),
}
const lockedDer = known.export({ format: 'der', type: 'pkcs8', ...locked })

const open: readonly (readonly [string, Uint8Array])[] = [
  ['32 octets', scalar],
  ['PKCS#8 as PEM', encodeUtf8(String(pem.pkcs8))],
  ['PKCS#8 as DER', known.export({ format: 'der', type: 'pkcs8' })],
  ['SEC1 as PEM', encodeUtf8(String(pem.sec1))],
  ['SEC1 as DER', sec1(scalar, point)],
  ['SEC1 without its public key', sec1(scalar)],
  ['SEC1 as PEM behind its parameters', encodeUtf8(`${parameters()}${String(pem.sec1)}`)],
  ['PEM behind a remark', encodeUtf8(`friendlyName: DAC\n${String(pem.pkcs8)}`)],
]
const encrypted: readonly (readonly [string, Uint8Array])[] = [
  ['encrypted PKCS#8 as PEM', encodeUtf8(String(pem.lockedPkcs8))],
  ['encrypted PKCS#8 as DER', lockedDer],
  ['encrypted SEC1 as PEM', encodeUtf8(String(pem.lockedSec1))],
]

describe('a private key', () => {
  it.each(open)('is read from %s, a passphrase at hand or not', (_, octets) => {
    const before = Uint8Array.from(octets)
    expect(p256FromEncoded({ octets }).publicKey.point).toEqual(point)
    const withPassphrase = p256FromEncoded({ octets, passphrase: secret(passphrase) })
    expect(withPassphrase.publicKey.point).toEqual(point)
    expect(withPassphrase.handle.equals(known)).toBe(true)
    expect(Uint8Array.from(octets), 'the input is left as it was').toEqual(before)
  })

  it.each(encrypted)('is read from %s with its passphrase', (_, octets) => {
    const own = secret(passphrase)
    expect(p256FromEncoded({ octets, passphrase: own }).publicKey.point).toEqual(point)
    expect(own.equals(secret(passphrase)), 'the passphrase is left as it was').toBe(true)
  })

  it.each(encrypted)('is not read from %s without a passphrase', (_, octets) => {
    expect(() => p256FromEncoded({ octets })).toThrow(
      failure('KEY_PASSPHRASE', /^the private key is encrypted, and no passphrase was given$/),
    )
  })

  it.each(encrypted)('is not read from %s with a wrong passphrase', (_, octets) => {
    // Of 600 wrong passphrases two or three give a valid padding and nonsense behind it.
    const tries = ['', 'Correct horse', 'x'.repeat(5000)]
    for (let round = 0; round < (octets === lockedDer ? 600 : 5); round++) tries.push(`no ${round}`)
    for (const wrong of tries) {
      expect(() => p256FromEncoded({ octets, passphrase: secret(wrong) }), wrong).toThrow(
        failure('KEY_PASSPHRASE', /^the passphrase does not open the private key$/),
      )
    }
  })

  it('is read where a development kit has it: the published test keys', () => {
    const folder = new URL('../../../test/vectors/matter/pem/', import.meta.url)
    const octets = readFileSync(new URL('Chip-Test-PAA-NoVID-Key.pem', folder))
    const certificate = readFileSync(new URL('Chip-Test-PAA-NoVID-Cert.der', folder))
    const { publicKey } = p256FromEncoded({ octets })
    expect(certificate.includes(Buffer.from(publicKey.point))).toBe(true)
  })

  const zero = new Uint8Array(32)
  const order = fromHex(p256Order.toString(16))
  const aboveOrder = fromHex((p256Order + 1n).toString(16))
  const other = generateP256().publicKey.point
  const mismatch = /^a private key comes with the public key of another one$/
  const range = /^a private key is not in 1 to n - 1$/
  it.each<[string, Uint8Array, RegExp]>([
    ['the scalar 0', zero, range],
    ['the scalar n', order, range],
    ['the scalar 0 in SEC1', sec1(zero), range],
    ['the scalar n in SEC1', sec1(order), range],
    ['the scalar n + 1 in SEC1', sec1(aboveOrder), range],
    ['the scalar 0 beside a public key', sec1(zero, point), range],
    ['the public key of another', sec1(scalar, other), mismatch],
    ['the public key of another, in PKCS#8', pkcs8(sec1(scalar, other)), mismatch],
    ['a point off the curve', sec1(scalar, point.with(64, 0x98)), /^a private key is neither /],
    ['octets behind it', Uint8Array.of(...sec1(scalar, point), 0), /^a private key is neither /],
    ['octets missing', sec1(scalar, point).subarray(0, 120), /^a private key is neither /],
    ['nothing', new Uint8Array(), /^a private key is neither /],
    ['a scalar of 31 octets', scalar.subarray(1), /^a private key is neither /],
    [
      'a certificate',
      encodeUtf8('-----BEGIN CERTIFICATE-----\nAAAA\n'),
      /^a private key is neither /,
    ],
    ['hexadecimal digits', encodeUtf8(toHex(scalar)), /^a private key is neither /],
    ['zeros', new Uint8Array(121), /^a private key is neither /],
  ])('is refused with %s', (_, octets, message) => {
    expect(() => p256FromEncoded({ octets })).toThrow(failure('KEY_INVALID', message))
  })

  const brainpool = generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' }).privateKey
  const secp256k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
  const ed25519 = generateKeyPairSync('ed25519').privateKey
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
  it.each<[string, KeyObject]>([
    ['brainpoolP256r1', brainpool],
    ['secp256k1', secp256k1],
    ['secp384r1', p384],
    ['ed25519', ed25519],
    ['rsa', rsa],
  ])('is refused when it is a key of %s, open or encrypted', (name, key) => {
    const refusal = failure(
      'KEY_INVALID',
      new RegExp(`^a private key is of ${name}, but must be of P-256$`),
    )
    const der = key.export({ format: 'der', type: 'pkcs8' })
    const cipher = key.export({ format: 'der', type: 'pkcs8', ...locked })
    expect(() => p256FromEncoded({ octets: der })).toThrow(refusal)
    expect(() => p256FromEncoded({ octets: cipher, passphrase: secret(passphrase) })).toThrow(
      refusal,
    )
  })

  it('is refused when it spells its curve out instead of naming it (RFC 5480)', () => {
    const { privateKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      paramEncoding: 'explicit',
    })
    const octets = privateKey.export({ format: 'der', type: 'pkcs8' })
    expect(() => p256FromEncoded({ octets })).toThrow(
      failure('KEY_INVALID', /^a private key spells its curve out/),
    )
  })

  it('stands in no error, whatever is wrong with it', () => {
    const broken = [
      sec1(scalar, other),
      sec1(scalar, point).subarray(0, 119),
      pkcs8(sec1(scalar, other)),
    ]
    for (const octets of broken) {
      try {
        p256FromEncoded({ octets })
        expect.unreachable()
      } catch (error) {
        const shown = inspect(error, { depth: 10, showHidden: true }).toLowerCase()
        expect(shown).toContain('key_invalid')
        expect(shown).not.toContain(toHex(scalar).slice(0, 16))
        expect(shown).not.toContain('c9 af a9 d8')
      }
    }
  })
})

describe('a private key to be stored', () => {
  it('is PKCS#8 that reads back, here and in the runtime', () => {
    using stored = p256ToPkcs8(p256FromScalar(scalar))
    const octets = stored.reveal()
    expect(octets.constructor).toBe(Uint8Array)
    expect(octets.buffer.byteLength).toBe(octets.length)
    expect(p256FromEncoded({ octets }).publicKey.point).toEqual(point)
    const read = createPrivateKey({ key: Buffer.from(octets), format: 'der', type: 'pkcs8' })
    expect(read.equals(known)).toBe(true)
  })
})

describe('the scalar of a key pair', () => {
  it('is the one that the pair was made of, with its leading zeros', () => {
    for (const octets of [scalar, fromHex(`${'00'.repeat(31)}02`)]) {
      using found = p256ScalarOf(p256FromScalar(octets))
      expect(found.reveal()).toEqual(octets)
      expect(found.reveal().buffer.byteLength).toBe(32)
    }
  })
})

/** PrivateKeyInfo of RFC 5208 around a SEC1 key, which there leaves its curve to the algorithm. */
function pkcs8(key: Uint8Array): Uint8Array {
  const inner = concat(fromHex('306b'), key.subarray(2, 39), key.subarray(51))
  const algorithm = fromHex('301306072a8648ce3d020106082a8648ce3d030107')
  return concat(fromHex('308187020100'), algorithm, fromHex('046d'), inner)
}

function parameters(): string {
  return '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n'
}
