import { encodeUtf8, fromHex, toHex } from '@keyline/bytes'
import { p256 as noble } from '@noble/curves/nist.js'
import * as fc from 'fast-check'
import { createPublicKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  generateP256,
  isP256Point,
  p256FromScalar,
  p256Order,
  p256PointOf,
  p256PublicKey,
  p256Spki,
  signP256,
  signP256Der,
  verifyP256,
  verifyP256Der,
} from './p256.ts'

const invalid = (message?: RegExp) =>
  expect.objectContaining({
    code: 'KEY_INVALID',
    ...(message === undefined ? {} : { message: expect.stringMatching(message) }),
  })
const numberOctets = (value: bigint): Uint8Array => fromHex(value.toString(16).padStart(64, '0'))

// RFC 6979, appendix A.2.5
const scalar = fromHex('c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721')
const point = fromHex(
  [
    '04',
    '60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6',
    '7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299',
  ].join(''),
)
const generator = {
  x: '6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296',
  y: '4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
}
const fieldPrime = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn

describe('a scalar times the base point of P-256', () => {
  it.each([
    [1n, generator.x + generator.y],
    [
      2n,
      [
        '7cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc47669978',
        '07775510db8ed040293d9ac69f7430dbba7dade63ce982299e04b79d227873d1',
      ].join(''),
    ],
    [
      p256Order - 1n,
      `${generator.x}b01cbd1c01e58065711814b583f061e9d431cca994cea1313449bf97c840ae0a`,
    ],
  ])('for %d is the published point', (value, coordinates) => {
    expect(toHex(p256PointOf(numberOctets(value)))).toBe(`04${coordinates}`)
  })

  it('is the public key of RFC 6979', () => {
    expect(p256PointOf(scalar)).toEqual(point)
    expect(p256FromScalar(scalar).publicKey.point).toEqual(point)
  })

  it('agrees with another implementation for any scalar', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: p256Order - 1n }), (value) => {
        const octets = numberOctets(value)
        const expected = noble.getPublicKey(octets, false)
        expect(p256PointOf(octets)).toEqual(expected)
        expect(p256FromScalar(octets).publicKey.point).toEqual(expected)
      }),
      { numRuns: 20 },
    )
  })

  it.each([
    ['0', numberOctets(0n), /^a private key is not in 1 to n - 1$/],
    ['n', numberOctets(p256Order), /^a private key is not in 1 to n - 1$/],
    ['n + 1', numberOctets(p256Order + 1n), /^a private key is not in 1 to n - 1$/],
    ['all ones', new Uint8Array(32).fill(0xff), /^a private key is not in 1 to n - 1$/],
    ['31 octets', new Uint8Array(31).fill(1), /^a private key has 31 octets, not 32$/],
    ['33 octets', new Uint8Array(33).fill(1), /^a private key has 33 octets, not 32$/],
    ['nothing', new Uint8Array(), /^a private key has 0 octets, not 32$/],
  ])('is refused for %s', (_, octets, message) => {
    expect(() => p256PointOf(octets)).toThrow(invalid(message))
    expect(() => p256FromScalar(octets)).toThrow(invalid(message))
  })

  it('does not change the scalar that it was given', () => {
    const given = Uint8Array.from(scalar)
    p256FromScalar(given)
    expect(given).toEqual(scalar)
  })
})

describe('a public key of P-256', () => {
  it('is 65 octets that start with 04, and is kept as a copy', () => {
    const given = Uint8Array.from(point)
    const key = p256PublicKey(given)
    given.fill(0)
    expect(key.point).toEqual(point)
    expect(isP256Point(point)).toBe(true)
  })

  const flipped = (place: number): Uint8Array => point.with(place, (point[place] ?? 0) ^ 1)
  const negative = fieldPrime - BigInt(`0x${generator.y}`)
  const sizes =
    /^a public key has \d+ octets and starts with \w+, but must have 65 and start with 04$/
  const curve = /^a public key is not a point on P-256$/
  it.each([
    ['nothing', new Uint8Array(), sizes],
    ['the point at infinity', Uint8Array.of(0), sizes],
    ['infinity, filled up', new Uint8Array(65), sizes],
    ['a compressed point', Uint8Array.of(0x03, ...point.subarray(1, 33)), sizes],
    ['a hybrid point', point.with(0, 0x07), sizes],
    ['64 octets without a form', point.subarray(1), sizes],
    ['an octet too many', Uint8Array.of(...point, 0), sizes],
    ['the origin', point.with(0, 4).fill(0, 1), curve],
    ['a point off the curve in x', flipped(32), curve],
    ['a point off the curve in y', flipped(64), curve],
    ['x and y exchanged', fromHex(`04${generator.y}${generator.x}`), curve],
    [
      'a coordinate that is not reduced',
      // The point (0, y) of the curve with x written as p.
      fromHex(
        `04${fieldPrime.toString(16)}66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4`,
      ),
      curve,
    ],
  ])('is refused as %s', (_, octets, message) => {
    expect(() => p256PublicKey(octets)).toThrow(invalid(message))
    expect(isP256Point(octets)).toBe(false)
  })

  it('is accepted with x = 0, and as the negative of another', () => {
    const zero = `04${'00'.repeat(32)}66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4`
    const mirrored = `04${generator.x}${negative.toString(16)}`
    for (const octets of [zero, mirrored].map((text) => fromHex(text))) {
      expect(isP256Point(octets)).toBe(true)
      expect(p256PublicKey(octets).point).toEqual(octets)
    }
  })

  it('is judged alike by both checks, whatever octet was changed', () => {
    fc.assert(
      fc.property(fc.nat(64), fc.nat(255), (place, octet) => {
        const changed = point.with(place, octet)
        const isAccepted = isP256Point(changed)
        expect(isAccepted).toBe(toHex(changed) === toHex(point))
        if (!isAccepted) expect(() => p256PublicKey(changed)).toThrow(invalid())
      }),
    )
  })

  it('is imported once while it is among the 512 met last', () => {
    const points = Array.from({ length: 513 }, () => generateP256().publicKey.point)
    const first = p256PublicKey(point)
    expect(p256PublicKey(Uint8Array.from(point))).toBe(first)
    const [early = point, ...rest] = points.map((each) => p256PublicKey(each).point)
    expect(rest).toHaveLength(512)
    expect(p256PublicKey(point), 'pushed out by 513 others').not.toBe(first)
    expect(p256PublicKey(early).point).toEqual(early)
  })

  it('has a SubjectPublicKeyInfo that the runtime reads', () => {
    const spki = p256Spki(point)
    expect(spki).toHaveLength(91)
    const read = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
    expect(read.equals(p256PublicKey(point).handle)).toBe(true)
  })
})

describe('a signature of ECDSA P-256 with SHA-256', () => {
  const pair = p256FromScalar(scalar)
  const message = encodeUtf8('sample')

  // RFC 6979, appendix A.2.5
  it.each([
    [
      'sample',
      'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716',
      'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
    ],
    [
      'test',
      'f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367',
      '019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083',
    ],
  ])('of "%s" that was published verifies', (text, r, s) => {
    const signature = fromHex(r + s)
    const { publicKey } = pair
    expect(verifyP256({ publicKey, message: encodeUtf8(text), signature })).toBe(true)
    expect(verifyP256({ publicKey, message: encodeUtf8(`${text}!`), signature })).toBe(false)
  })

  it('made here verifies elsewhere, and the other way round', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (text) => {
        const { publicKey } = pair
        const options = { lowS: false } as const
        const compact = { ...options, format: 'compact' } as const
        const der = { ...options, format: 'der' } as const
        expect(noble.verify(signP256(pair, text), text, point, compact)).toBe(true)
        expect(noble.verify(signP256Der(pair, text), text, point, der)).toBe(true)
        const foreign = noble.sign(text, scalar, compact)
        expect(verifyP256({ publicKey, message: text, signature: foreign })).toBe(true)
        const foreignDer = noble.sign(text, scalar, der)
        expect(verifyP256Der({ publicKey, message: text, signature: foreignDer })).toBe(true)
      }),
      { numRuns: 10 },
    )
  })

  it.each([
    ['r ‖ s', signP256(pair, message), verifyP256],
    ['DER', signP256Der(pair, message), verifyP256Der],
  ])(
    'as %s is void after any change of one bit, any cut and any addition',
    (_, signature, check) => {
      const { publicKey } = pair
      expect(check({ publicKey, message, signature })).toBe(true)
      for (let bit = 0; bit < signature.length * 8; bit++) {
        const changed = signature.with(bit >> 3, (signature[bit >> 3] ?? 0) ^ (1 << (bit & 7)))
        expect(check({ publicKey, message, signature: changed }), `bit ${bit}`).toBe(false)
      }
      for (let length = 0; length < signature.length; length++) {
        const cut = signature.subarray(0, length)
        expect(check({ publicKey, message, signature: cut }), `${length} octets`).toBe(false)
      }
      const longer = Uint8Array.of(...signature, 0)
      expect(check({ publicKey, message, signature: longer })).toBe(false)
    },
  )

  it('is false, and no error, for any octets that are none', () => {
    const { publicKey } = pair
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (signature) => {
        expect(verifyP256({ publicKey, message, signature })).toBe(false)
        expect(verifyP256Der({ publicKey, message, signature })).toBe(false)
      }),
    )
    for (const number of [0n, p256Order]) {
      const half = numberOctets(number)
      const signature = Uint8Array.of(...half, ...half)
      expect(verifyP256({ publicKey, message, signature })).toBe(false)
    }
  })

  it('does not verify under another key', () => {
    const { publicKey } = generateP256()
    expect(verifyP256({ publicKey, message, signature: signP256(pair, message) })).toBe(false)
    expect(verifyP256Der({ publicKey, message, signature: signP256Der(pair, message) })).toBe(false)
  })

  it('has 64 octets as r ‖ s', () => {
    for (let round = 0; round < 50; round++) expect(signP256(pair, message)).toHaveLength(64)
  })
})

describe('a generated key pair', () => {
  it('comes back each time, also when the collector runs, and with its leading zeros', () => {
    // One scalar of 256 begins with a zero octet; the collector runs several times meanwhile.
    for (let round = 0; round < 1500; round++) {
      const { publicKey, handle } = generateP256()
      const { x, y } = handle.export({ format: 'jwk' })
      const coordinates = [x, y].map((text) => Buffer.from(text ?? '', 'base64url'))
      expect(Buffer.concat([Buffer.of(4), ...coordinates]).equals(publicKey.point)).toBe(true)
    }
  })

  it('is another one each time, on the curve, and signs for its public key', () => {
    const pairs = Array.from({ length: 20 }, generateP256)
    expect(new Set(pairs.map(({ publicKey }) => toHex(publicKey.point))).size).toBe(20)
    const message = encodeUtf8('hello')
    for (const pair of pairs) {
      expect(isP256Point(pair.publicKey.point)).toBe(true)
      const signature = signP256(pair, message)
      const publicKey = p256PublicKey(pair.publicKey.point)
      expect(verifyP256({ publicKey, message, signature })).toBe(true)
      expect(verifyP256({ publicKey: pair.publicKey, message, signature })).toBe(true)
    }
  })
})
