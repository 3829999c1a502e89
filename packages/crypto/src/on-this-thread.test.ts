import { readFileSync } from 'node:fs'
import { BytesError, encodeUtf8, fromHex, toHex, type Random } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { CryptoError } from './errors.ts'
import { hkdfExpandSha256, pbkdf2Sha256Sync } from './hash.ts'
import { drawP256Scalar, P256Multiplier, p256Order } from './p256.ts'
import { spake2pVerifierSync } from './spake2p.ts'

/** RFC 7914 section 11. */
const pbkdf2Vectors = [
  {
    password: 'passwd',
    salt: 'salt',
    iterations: 1,
    key: '55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783',
  },
  {
    password: 'Password',
    salt: 'NaCl',
    iterations: 80_000,
    key: '4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d',
  },
]

interface SpakeVector {
  readonly id: string
  readonly passcode: number
  readonly salt: string
  readonly iterations: number
  readonly verifier: string
}

const { vectors }: { readonly vectors: readonly SpakeVector[] } = JSON.parse(
  readFileSync(
    new URL('../../../test/vectors/matter/spake2p/verifiers.json', import.meta.url),
    'utf8',
  ),
)

describe('PBKDF2 on this thread', () => {
  it.each(pbkdf2Vectors)('gives the published key of $password', (vector) => {
    const { password, salt, iterations, key } = vector
    const input = { password: encodeUtf8(password), salt: encodeUtf8(salt), iterations, length: 64 }
    expect(toHex(pbkdf2Sha256Sync(input))).toBe(key)
  })

  it.each([
    ['no iteration', { iterations: 0 }],
    ['half an iteration', { iterations: 1.5 }],
    ['a key of no octets', { length: 0 }],
  ])('refuses %s', (_, change) => {
    const none = new Uint8Array()
    const input = { password: none, salt: none, iterations: 1, length: 1, ...change }
    expect(() => pbkdf2Sha256Sync(input)).toThrow(BytesError)
  })
})

describe('the second half of HKDF', () => {
  /** RFC 5869 appendix A.1. */
  const pseudorandomKey = fromHex(
    '077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5',
  )
  const info = fromHex('f0f1f2f3f4f5f6f7f8f9')
  const published =
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865'

  it('gives the published octets, and their beginning when fewer are asked for', () => {
    for (const length of [42, 33, 32, 31, 1, 0]) {
      const octets = hkdfExpandSha256({ pseudorandomKey, info, length })
      expect(toHex(octets)).toBe(published.slice(0, 2 * length))
    }
  })

  it('gives 255 blocks at most', () => {
    expect(hkdfExpandSha256({ pseudorandomKey, info, length: 8_160 })).toHaveLength(8_160)
    expect(() => hkdfExpandSha256({ pseudorandomKey, info, length: 8_161 })).toThrow(BytesError)
  })
})

describe('the SPAKE2+ verifier on this thread', () => {
  it.each(vectors.map((vector) => [vector.id, vector] as const))(
    'of the vector %s is the published one',
    (_, { passcode, salt, iterations, verifier }) => {
      const made = spake2pVerifierSync({ passcode, salt: fromHex(salt), iterations })
      expect(toHex(made.verifier)).toBe(verifier)
    },
  )

  it('refuses what the other one refuses', () => {
    const input = { passcode: 0, salt: new Uint8Array(16), iterations: 1_000 }
    expect(() => spake2pVerifierSync(input)).toThrow(CryptoError)
  })
})

describe('a multiplier of the base point', () => {
  const multiplier = new P256Multiplier()
  const base =
    '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5'

  it('gives the base point for 1, and its negation for n − 1, one after the other', () => {
    expect(toHex(multiplier.pointOf(scalar(1n)))).toBe(base)
    expect(toHex(multiplier.pointOf(scalar(p256Order - 1n))).slice(0, 66)).toBe(base.slice(0, 66))
    expect(toHex(multiplier.pointOf(scalar(1n)))).toBe(base)
  })

  it.each([
    ['0', scalar(0n)],
    ['n', scalar(p256Order)],
    ['31 octets', new Uint8Array(31).fill(1)],
  ])('refuses %s', (_, octets) => {
    expect(() => multiplier.pointOf(octets)).toThrow(CryptoError)
  })
})

describe('a drawn private key', () => {
  it('is drawn again when it is 0, n or more', () => {
    const drawn = [0n, p256Order, p256Order + 1n, 2n ** 256n - 1n, p256Order - 1n].map(scalar)
    using key = drawP256Scalar(replay(drawn))
    expect(toHex(key.reveal())).toBe(toHex(scalar(p256Order - 1n)))
  })

  it('wipes what it did not take', () => {
    const refused = scalar(p256Order)
    using key = drawP256Scalar(replay([refused, scalar(7n)]))
    expect(key.reveal()).toEqual(scalar(7n))
    expect(refused).toEqual(new Uint8Array(32))
  })
})

function scalar(value: bigint): Uint8Array<ArrayBuffer> {
  return fromHex(value.toString(16).padStart(64, '0'))
}

/** Gives these octets, one after the other, themselves. */
function replay(drawn: readonly Uint8Array<ArrayBuffer>[]): Random {
  const left = drawn.values()
  return {
    bytes: (length) => {
      const { value } = left.next()
      if (value?.length !== length) throw new RangeError('drawn more often than expected')
      return value
    },
  }
}
