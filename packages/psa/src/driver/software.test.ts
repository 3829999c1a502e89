import {
  constants,
  createPrivateKey,
  createPublicKey,
  publicEncrypt,
  sign,
  verify,
} from 'node:crypto'
import { concat, fromHex, seededRandom, toHex } from '@keyline/bytes'
import { drawPrivateKey, sha256 } from '@keyline/crypto'
import { p521 } from '@noble/curves/nist.js'
import { describe, expect, it } from 'vitest'
import { psaDevice } from '../../../../test/support/vectors/psa-device.ts'
import { Algorithm, withHash } from '../key/algorithm.ts'
import type { KeyAttributes } from '../key/attributes.ts'
import { Lifetime } from '../key/lifetime.ts'
import { CurveFamily, KeyType } from '../key/type.ts'
import { Usage } from '../key/usage.ts'
import type { PsaCrypto } from '../service/psa-crypto.ts'
import { PsaStatus } from '../status/status.ts'
import { rsaKeys } from '../testing/rsa-keys.ts'

const { invalidArgument, invalidSignature, notSupported, success } = PsaStatus
const message = new TextEncoder().encode('a message')
const hash = sha256(message)
const both = Usage.signHash | Usage.verifyHash

function volatile(change: Partial<KeyAttributes>): KeyAttributes {
  return {
    lifetime: Lifetime.volatile,
    id: 0,
    type: KeyType.eccPairSecpR1,
    bits: 0,
    usage: both,
    algorithm: Algorithm.ecdsaSha256,
    ...change,
  }
}

function imported(crypto: PsaCrypto, attributes: KeyAttributes, data: Uint8Array): number {
  const result = crypto.importKey({ attributes, data })
  if (result.status !== success) throw new TypeError(`refused: ${result.status}`)
  return result.value
}

function publicKeyOf(crypto: PsaCrypto, key: number): Uint8Array {
  const { status, buffer, length } = crypto.exportPublicKey(key)
  expect(status).toBe(success)
  return buffer.subarray(0, length)
}

describe('a local elliptic key', () => {
  const curves = [
    [KeyType.eccPairSecpR1, 256],
    [KeyType.eccPairSecpR1, 384],
    [KeyType.eccPairSecpR1, 521],
    [KeyType.eccPairBrainpool, 256],
    [KeyType.eccPairBrainpool, 384],
    [KeyType.eccPairBrainpool, 512],
  ] as const

  it.each(curves)(
    'of type %i and %i bits signs what its public key verifies, and agrees',
    (type, bits) => {
      const { crypto } = psaDevice()
      const made = crypto.generateKey(volatile({ type, bits }))
      const key = made.status === success ? made.value : 0
      const publicKey = publicKeyOf(crypto, key)
      const usage = Usage.verifyHash
      const other = imported(crypto, volatile({ type: type - 0x3000, usage }), publicKey)
      const signed = crypto.signHash({ key, algorithm: Algorithm.ecdsaSha256, hash })
      const signature = signed.buffer.subarray(0, signed.length)
      expect(signature.length).toBe(2 * Math.ceil(bits / 8))
      const request = { algorithm: Algorithm.ecdsaSha256, hash, signature }
      expect(crypto.verifyHash({ key: other, ...request })).toBe(success)
      expect(crypto.verifyHash({ key, ...request })).toBe(success)
      const changed = { ...request, hash: sha256(hash) }
      expect(crypto.verifyHash({ key: other, ...changed })).toBe(invalidSignature)
      expect(crypto.exportPublicKey(other)).toMatchObject({ length: publicKey.length })

      const ecdh = { type, bits, usage: Usage.derive, algorithm: Algorithm.ecdh }
      const sides = [crypto.generateKey(volatile(ecdh)), crypto.generateKey(volatile(ecdh))]
      const [one = 0, two = 0] = sides.map((side) => (side.status === success ? side.value : 0))
      const agree = (own: number, peer: number) =>
        crypto.rawKeyAgreement({
          key: own,
          algorithm: Algorithm.ecdh,
          peerKey: publicKeyOf(crypto, peer),
          size: Math.ceil(bits / 8),
        })
      expect(agree(one, two).status).toBe(success)
      expect(agree(one, two)).toEqual(agree(two, one))
    },
  )

  it('signs P-521 over SHA-512 so that another implementation verifies it', () => {
    const { crypto } = psaDevice()
    const secretKey = drawPrivateKey('P-521', seededRandom('p521'))
    const algorithm = Algorithm.ecdsaSha512
    const key = imported(crypto, volatile({ algorithm, usage: Usage.signMessage }), secretKey)
    const signed = crypto.signMessage({ key, algorithm, message })
    const signature = signed.buffer.subarray(0, signed.length)
    const options = { prehash: true, lowS: false } as const
    expect(p521.verify(signature, message, p521.getPublicKey(secretKey, false), options)).toBe(true)
  })

  it('signs deterministically where the algorithm says so, as RFC 6979 A.2.5 does', () => {
    const { crypto } = psaDevice()
    const algorithm = withHash(Algorithm.deterministicEcdsa, Algorithm.sha256)
    const data = fromHex('c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721')
    const key = imported(crypto, volatile({ algorithm }), data)
    const digest = sha256(new TextEncoder().encode('sample'))
    const { buffer, length } = crypto.signHash({ key, algorithm, hash: digest })
    expect(toHex(buffer.subarray(0, length))).toBe(
      'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716' +
        'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
    )
    expect(
      crypto.verifyHash({ key, algorithm, hash: digest, signature: buffer.subarray(0, length) }),
    ).toBe(0)
  })

  it('agrees on X25519 from both sides', () => {
    const { crypto } = psaDevice()
    const alice = fromHex('77076d0a7318a57d3c16c17251b26645df4cdf8a0e4f6a1c5b6b6c6f2a4b0e2a')
    const type = KeyType.eccPairMontgomery
    const attributes = volatile({ type, usage: Usage.derive, algorithm: Algorithm.ecdh })
    const one = imported(crypto, attributes, alice)
    const two = imported(crypto, attributes, new Uint8Array(32).fill(9))
    const agree = (key: number, peer: number) =>
      crypto.rawKeyAgreement({
        key,
        algorithm: Algorithm.ecdh,
        peerKey: publicKeyOf(crypto, peer),
        size: 32,
      })
    expect(agree(one, two)).toEqual(agree(two, one))
    expect(agree(one, two).status).toBe(success)
    expect(crypto.attributes(one)).toMatchObject({ value: { bits: 255 } })
  })

  it.each<[string, Partial<KeyAttributes>, Uint8Array, number]>([
    ['a scalar of 0', {}, new Uint8Array(32), invalidArgument],
    ['a length of no curve', {}, new Uint8Array(33).fill(1), invalidArgument],
    ['a length of another curve', { bits: 384 }, new Uint8Array(32).fill(1), invalidArgument],
    ['secp256k1', { type: KeyType.eccPairSecpK1 }, new Uint8Array(32).fill(1), notSupported],
    ['Ed25519', { type: 0x7100 + CurveFamily.twistedEdwards }, new Uint8Array(32), notSupported],
    ['a point off the curve', { type: 0x4112 }, new Uint8Array(65).fill(4), invalidArgument],
    ['a point without its mark', { type: 0x4112 }, new Uint8Array(65), invalidArgument],
    ['a type of no name', { type: 0x0042 }, new Uint8Array(65), notSupported],
    ['an AES key of 17 octets', { type: KeyType.aes }, new Uint8Array(17), invalidArgument],
  ])('is refused for %s', (_, attributes, data, status) => {
    expect(psaDevice().crypto.importKey({ attributes: volatile(attributes), data }).status).toBe(
      status,
    )
  })
})

describe('a local RSA key', () => {
  const der = rsaKeys[2048]
  const privateKey = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs1' })
  const publicKey = createPublicKey(privateKey)
  const publicDer = new Uint8Array(publicKey.export({ format: 'der', type: 'pkcs1' }))

  it.each([
    [Algorithm.rsaPkcs1Sign, constants.RSA_PKCS1_PADDING],
    [Algorithm.rsaPss, constants.RSA_PKCS1_PSS_PADDING],
  ])('signs and verifies as node does (%i)', (family, padding) => {
    const { crypto } = psaDevice()
    const algorithm = withHash(family, Algorithm.sha256)
    const attributes = volatile({ type: KeyType.rsaPair, algorithm })
    const key = imported(crypto, attributes, der)
    expect(publicKeyOf(crypto, key)).toEqual(publicDer)
    const usage = Usage.verifyHash
    const other = imported(
      crypto,
      volatile({ type: KeyType.rsaPublic, algorithm, usage }),
      publicDer,
    )
    const signed = crypto.signHash({ key, algorithm, hash })
    const own = signed.buffer.subarray(0, signed.length)
    const options = { padding, saltLength: 32 }
    expect(verify('sha256', message, { key: publicKey, ...options }, own)).toBe(true)
    const theirs = new Uint8Array(sign('sha256', message, { key: privateKey, ...options }))
    expect(crypto.verifyHash({ key: other, algorithm, hash, signature: theirs })).toBe(success)
    expect(crypto.verifyHash({ key, algorithm, hash, signature: theirs })).toBe(success)
    for (const signature of [
      theirs.with(9, (theirs[9] ?? 0) ^ 1),
      theirs.subarray(1),
      new Uint8Array(256).fill(0xff),
    ]) {
      expect(crypto.verifyHash({ key: other, algorithm, hash, signature })).toBe(invalidSignature)
    }
    const short = hash.subarray(1)
    expect(crypto.verifyHash({ key, algorithm, hash: short, signature: own })).toBe(invalidArgument)
    expect(crypto.signHash({ key, algorithm, hash: short }).status).toBe(invalidArgument)
  })

  it('decrypts OAEP, and names a wrong padding', () => {
    const { crypto } = psaDevice()
    const algorithm = withHash(Algorithm.rsaOaep, Algorithm.sha256)
    const usage = Usage.decrypt
    const key = imported(crypto, volatile({ type: KeyType.rsaPair, algorithm, usage }), der)
    const padding = constants.RSA_PKCS1_OAEP_PADDING
    const sealed = new Uint8Array(
      publicEncrypt({ key: publicKey, oaepHash: 'sha256', padding }, message),
    )
    const open = (input: Uint8Array, label?: Uint8Array) =>
      crypto.asymmetricDecrypt({ key, algorithm, input, label })
    const opened = open(sealed)
    expect(opened.buffer.subarray(0, opened.length)).toEqual(message)
    expect(open(sealed, Uint8Array.of(1)).status).toBe(PsaStatus.invalidPadding)
    expect(open(sealed.with(3, (sealed[3] ?? 0) ^ 1)).status).toBe(PsaStatus.invalidPadding)
    expect(open(sealed.subarray(1)).status).toBe(invalidArgument)
  })

  it('is refused with too small a modulus for its hash, out of bounds, and when it is none', () => {
    const { crypto } = psaDevice()
    const algorithm = withHash(Algorithm.rsaPss, Algorithm.sha512)
    const type = KeyType.rsaPair
    const key = imported(crypto, volatile({ type, algorithm }), rsaKeys[1024])
    const digest = new Uint8Array(64)
    expect(crypto.signHash({ key, algorithm, hash: digest }).status).toBe(invalidArgument)
    const signature = new Uint8Array(128)
    expect(crypto.verifyHash({ key, algorithm, hash: digest, signature })).toBe(invalidArgument)
    const refused = (given: number, data: Uint8Array): number =>
      crypto.importKey({ attributes: volatile({ type: given, algorithm }), data }).status
    expect(refused(KeyType.rsaPublic, fromHex('3006020123020103'))).toBe(notSupported)
    expect(refused(KeyType.rsaPublic, fromHex('3006020122020103'))).toBe(invalidArgument)
    expect(refused(KeyType.rsaPublic, fromHex('30060201a3020103'))).toBe(invalidArgument)
    expect(refused(KeyType.rsaPublic, concat(publicDer, message))).toBe(invalidArgument)
    expect(refused(type, publicDer)).toBe(invalidArgument)
    expect(crypto.generateKey(volatile({ type, bits: 2048 })).status).toBe(notSupported)
  })
})

describe('other local keys', () => {
  it('are drawn in their sizes, and leave with EXPORT alone', () => {
    const { crypto } = psaDevice()
    const make = (type: number, bits: number, usage: number) =>
      crypto.generateKey(volatile({ type, bits, usage, algorithm: Algorithm.hmacSha256 }))
    const closed = make(KeyType.hmac, 256, Usage.signMessage)
    const open = make(KeyType.rawData, 24, Usage.export)
    if (closed.status !== success || open.status !== success) throw new TypeError('no keys')
    expect(crypto.exportKey(closed.value).status).toBe(PsaStatus.notPermitted)
    expect(crypto.exportKey(open.value)).toMatchObject({ status: success, length: 3 })
    expect(crypto.exportKey(open.value, 2).status).toBe(PsaStatus.bufferTooSmall)
    expect(crypto.exportKey(open.value, 0).status).toBe(PsaStatus.bufferTooSmall)
    expect(make(KeyType.aes, 192, Usage.export).status).toBe(success)
    expect(make(KeyType.aes, 200, Usage.export).status).toBe(invalidArgument)
    expect(make(KeyType.hmac, 9, Usage.export).status).toBe(invalidArgument)
  })

  it('compute an HMAC as RFC 4231 case 2 does', () => {
    const { crypto } = psaDevice()
    const algorithm = Algorithm.hmacSha256
    const attributes = volatile({ type: KeyType.hmac, usage: Usage.signMessage, algorithm })
    const key = imported(crypto, attributes, new TextEncoder().encode('Jefe'))
    const input = new TextEncoder().encode('what do ya want for nothing?')
    const { buffer, length } = crypto.macCompute({ key, algorithm, input })
    expect(toHex(buffer.subarray(0, length))).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
    expect(crypto.macCompute({ key, algorithm, input, size: 31 }).status).toBe(
      PsaStatus.bufferTooSmall,
    )
    expect(crypto.macCompute({ key, algorithm: Algorithm.sha256, input }).status).toBe(
      invalidArgument,
    )
    expect(crypto.macCompute({ key: 99, algorithm, input }).status).toBe(PsaStatus.invalidHandle)
  })
})
