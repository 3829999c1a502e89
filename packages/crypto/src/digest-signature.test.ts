import { fromHex, seededRandom, toHex } from '@keyline/bytes'
import { p256 as nobleP256, p521 as nobleP521 } from '@noble/curves/nist.js'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { curvePublicKey, drawPrivateKey, publicKeyOf } from './curve-key.ts'
import { weierstrassCurves, type WeierstrassCurve } from './curve.ts'
import { deterministicNonces, randomNonces, signDigest, verifyDigest } from './digest-signature.ts'
import { hashOf } from './hash.ts'
import { octetsOf } from './integer.ts'
import { verifyMessage } from './signature.ts'

const curves: readonly WeierstrassCurve[] = [
  'P-256',
  'P-384',
  'P-521',
  'brainpoolP256r1',
  'brainpoolP384r1',
  'brainpoolP512r1',
]

describe('ECDSA over a digest', () => {
  it('with deterministic nonces is that of RFC 6979 appendix A.2.5', () => {
    const privateKey = fromHex('c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721')
    const digest = hashOf('SHA-256', new TextEncoder().encode('sample'))
    const nonces = deterministicNonces('SHA-256')
    expect(toHex(signDigest({ curve: 'P-256', privateKey, digest, nonces }))).toBe(
      'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
    )
  })

  it('on P-521 is that of RFC 6979 appendix A.2.7', () => {
    const privateKey = fromHex(
      '00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa896eb32f1f47c70855836a6d16fcc1466f6d8fbec67db89ec0c08b0e996b83538',
    )
    const digest = hashOf('SHA-512', new TextEncoder().encode('sample'))
    const nonces = deterministicNonces('SHA-512')
    const signature = signDigest({ curve: 'P-521', privateKey, digest, nonces })
    expect(toHex(signature.subarray(0, 66))).toBe(
      '00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e25a1ee9017b5d450606add152b534931d7d4e8455cc91f9b15bf05ec36e377fa',
    )
  })

  it.each(curves)('on %s verifies with random nonces, also as a message', (curve) => {
    const random = seededRandom(`${curve} digest`)
    const privateKey = drawPrivateKey(curve, random)
    const publicKey = publicKeyOf(curve, privateKey)
    const message = random.bytes(50)
    const digest = hashOf('SHA-512', message)
    const signature = signDigest({ curve, privateKey, digest, nonces: randomNonces(random) })
    expect(verifyDigest({ curve, publicKey, digest, signature })).toBe(true)
    const handle = curvePublicKey(curve, publicKey)
    expect(verifyMessage(handle, { message, hash: 'SHA-512', signature })).toBe(true)
    signature[5] = (signature[5] ?? 0) ^ 0x40
    expect(verifyDigest({ curve, publicKey, digest, signature })).toBe(false)
  })

  it('verifies for a digest of any length as an independent library does', () => {
    const privateKey = fromHex('11'.repeat(32))
    const nonces = randomNonces(seededRandom('lengths'))
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 80 }), (digest) => {
        const signature = signDigest({ curve: 'P-256', privateKey, digest, nonces })
        const publicKey = publicKeyOf('P-256', privateKey)
        expect(verifyDigest({ curve: 'P-256', publicKey, digest, signature })).toBe(true)
        const options = { prehash: false, lowS: false }
        const point = nobleP256.getPublicKey(privateKey)
        // The independent library cuts a digest to the left by whole octets alone, which is the same on P-256.
        expect(nobleP256.verify(signature, digest, point, options)).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  it('verifies what an independent library has signed on P-521', () => {
    const privateKey = drawPrivateKey('P-521', seededRandom('foreign'))
    const publicKey = publicKeyOf('P-521', privateKey)
    const digest = hashOf('SHA-512', privateKey)
    const signature = nobleP521.sign(digest, privateKey, { prehash: false, lowS: false })
    expect(verifyDigest({ curve: 'P-521', publicKey, digest, signature })).toBe(true)
  })

  it.each(curves)('on %s refuses r and s of zero or of the order, and other lengths', (curve) => {
    const { length, n } = weierstrassCurves[curve]
    const publicKey = publicKeyOf(curve, octetsOf(3n, length))
    const digest = new Uint8Array(32)
    for (const [r, s] of [
      [0n, 1n],
      [1n, 0n],
      [n, 1n],
      [1n, n],
    ] as const) {
      const signature = Uint8Array.from([...octetsOf(r, length), ...octetsOf(s, length)])
      expect(verifyDigest({ curve, publicKey, digest, signature })).toBe(false)
    }
    expect(verifyDigest({ curve, publicKey, digest, signature: new Uint8Array(1) })).toBe(false)
  })

  it('is not made with a private key that is none, which would never come to an end', () => {
    const nonces = randomNonces(seededRandom('none'))
    const digest = new Uint8Array(32)
    for (const privateKey of [new Uint8Array(32), new Uint8Array(31).fill(1)]) {
      const input = { curve: 'P-256' as const, privateKey, digest, nonces }
      expect(() => signDigest(input)).toThrow(/a private key on P-256/)
    }
  })

  it('is refused for a key that is no point on the curve', () => {
    const signature = new Uint8Array(64).fill(1)
    const publicKey = new Uint8Array(64).fill(1)
    const digest = new Uint8Array(32)
    expect(verifyDigest({ curve: 'P-256', publicKey, digest, signature })).toBe(false)
  })

  it('takes the one point of the two with the same X that is the product', () => {
    // A digest of zero makes the first term vanish; keys 1 and n - 1 meet doubling and infinity.
    const { n } = weierstrassCurves['P-256']
    const nonces = randomNonces(seededRandom('edges'))
    for (const scalar of [1n, 2n, n - 1n]) {
      const privateKey = octetsOf(scalar, 32)
      for (const digest of [new Uint8Array(32), octetsOf(1n, 32), octetsOf(n - 1n, 32)]) {
        const signature = signDigest({ curve: 'P-256', privateKey, digest, nonces })
        const publicKey = publicKeyOf('P-256', privateKey)
        expect(verifyDigest({ curve: 'P-256', publicKey, digest, signature })).toBe(true)
        const opposite = publicKeyOf('P-256', octetsOf(n - scalar, 32))
        const isForged = verifyDigest({ curve: 'P-256', publicKey: opposite, digest, signature })
        expect(isForged).toBe(digest.every((octet) => octet === 0))
      }
    }
  })
})
