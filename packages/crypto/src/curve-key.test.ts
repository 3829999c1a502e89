import { concat, fromHex, seededRandom, toHex } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import {
  curveKeyPair,
  curvePublicKey,
  decompressPoint,
  drawPrivateKey,
  fleetingPublicKey,
  generateCurveKeyPair,
  isPublicKey,
  publicKeyOf,
  sharedSecret,
  sharedSecretOf,
} from './curve-key.ts'
import {
  coordinateLength,
  isWeierstrass,
  publicKeyLength,
  weierstrassCurves,
  type Curve,
} from './curve.ts'
import { octetsOf } from './integer.ts'
import { signMessage, verifyMessage, verifyMessageDer } from './signature.ts'

const curves: readonly Curve[] = [
  'P-256',
  'P-384',
  'P-521',
  'brainpoolP256r1',
  'brainpoolP384r1',
  'brainpoolP512r1',
  'X25519',
  'Ed25519',
]
const signing = curves.filter((curve) => curve !== 'X25519')
const agreeing = curves.filter((curve) => curve !== 'Ed25519')
const weierstrass = curves.filter((curve) => isWeierstrass(curve))

describe.each(signing)('a fleeting public key on %s', (curve) => {
  const random = seededRandom(curve)
  const message = Uint8Array.of(1, 2, 3)
  const pair = generateCurveKeyPair(curve, random)
  const { octets } = pair.publicKey
  const signature = signMessage(pair, { message })

  it('verifies what the kept key verifies, and nothing else', () => {
    const fleeting = fleetingPublicKey(curve, octets)
    expect(verifyMessage(fleeting, { message, signature })).toBe(true)
    expect(verifyMessage(fleeting, { message: Uint8Array.of(1, 2), signature })).toBe(false)
    const other = fleetingPublicKey(curve, generateCurveKeyPair(curve, random).publicKey.octets)
    expect(verifyMessage(other, { message, signature })).toBe(false)
  })

  it('can be kept all the same', () => {
    const { handle } = fleetingPublicKey(curve, octets)
    expect(handle.equals(pair.publicKey.handle)).toBe(true)
  })

  it('of another length is refused', () => {
    expect(() => fleetingPublicKey(curve, new Uint8Array(3))).toThrow(/octets, not/)
  })
})

it.each(weierstrass)(
  'a fleeting public key on %s that is no point is refused at its use',
  (curve) => {
    const pair = generateCurveKeyPair(curve, seededRandom(curve))
    const message = Uint8Array.of(1, 2, 3)
    const signature = signMessage(pair, { message })
    const octets = pair.publicKey.octets.map((octet) => octet ^ 1)
    expect(() => verifyMessage(fleetingPublicKey(curve, octets), { message, signature })).toThrow(
      expect.objectContaining({ code: 'CURVE_KEY' }),
    )
  },
)

describe.each(curves)('a key on %s', (curve) => {
  const random = seededRandom(curve)

  it('has a public key that belongs to it', () => {
    const privateKey = drawPrivateKey(curve, random)
    const pair = curveKeyPair(curve, privateKey)
    expect(pair.publicKey.octets).toEqual(publicKeyOf(curve, privateKey))
    expect(pair.publicKey.octets).toHaveLength(publicKeyLength(curve))
    expect(isPublicKey(curve, pair.publicKey.octets)).toBe(true)
    const parsed = curvePublicKey(curve, pair.publicKey.octets)
    expect(parsed.handle.equals(pair.publicKey.handle)).toBe(true)
  })

  it('is drawn the same from the same seed', () => {
    expect(drawPrivateKey(curve, seededRandom('x'))).toEqual(
      drawPrivateKey(curve, seededRandom('x')),
    )
  })

  it('of another length is refused', () => {
    const length = coordinateLength(curve)
    expect(() => curveKeyPair(curve, new Uint8Array(length + 1).fill(1))).toThrow(/octets, not/)
    expect(() => curvePublicKey(curve, new Uint8Array(3))).toThrow(/octets, not/)
    expect(isPublicKey(curve, new Uint8Array(3))).toBe(false)
  })
})

describe.each(weierstrass)('a point on %s', (curve) => {
  const { n, length } = weierstrassCurves[curve]

  it('is refused when it is not on the curve', () => {
    const point = publicKeyOf(curve, octetsOf(7n, length))
    point[0] = (point[0] ?? 0) ^ 1
    expect(isPublicKey(curve, point)).toBe(false)
    expect(() => curvePublicKey(curve, point)).toThrow(/not a point on/)
  })

  it.each([0n, n])('has no private key %i', (scalar) => {
    expect(() => curveKeyPair(curve, octetsOf(scalar, length))).toThrow(/1 to n - 1/)
    expect(() => publicKeyOf(curve, octetsOf(scalar, length))).toThrow(/1 to n - 1/)
  })

  it('is found again from X and the parity of Y', () => {
    const point = publicKeyOf(curve, octetsOf(n - 2n, length))
    const [x, y] = [point.subarray(0, length), point.subarray(length)]
    const isOdd = ((y.at(-1) ?? 0) & 1) === 1
    expect(decompressPoint(curve, x, isOdd)).toEqual(y.slice())
    expect(decompressPoint(curve, x, !isOdd)).not.toEqual(y.slice())
    expect(decompressPoint(curve, x.subarray(1), isOdd)).toBeUndefined()
  })
})

describe('a shared secret', () => {
  it.each(agreeing)('on %s is the same from both sides', (curve) => {
    const random = seededRandom(`${curve} pair`)
    const [one, two] = [generateCurveKeyPair(curve, random), generateCurveKeyPair(curve, random)]
    const secret = sharedSecret(one, two.publicKey)
    expect(secret.length).toBe(coordinateLength(curve))
    expect(secret.equals(sharedSecret(two, one.publicKey))).toBe(true)
  })

  it.each(agreeing)('on %s is the same from raw keys', (curve) => {
    const random = seededRandom(`${curve} raw`)
    const privateKey = drawPrivateKey(curve, random)
    const { publicKey } = generateCurveKeyPair(curve, random)
    const expected = sharedSecret(curveKeyPair(curve, privateKey), publicKey).reveal()
    const { octets } = publicKey
    expect(sharedSecretOf(curve, { privateKey, publicKey: octets })).toEqual(expected)
    const zero = new Uint8Array(octets.length)
    expect(sharedSecretOf(curve, { privateKey, publicKey: zero })).toBeUndefined()
    const cut = octets.subarray(1)
    expect(sharedSecretOf(curve, { privateKey, publicKey: cut })).toBeUndefined()
    const none = { privateKey: octets.subarray(0, 3), publicKey: octets }
    expect(() => sharedSecretOf(curve, none)).toThrow(/octets, not/)
  })

  it('is refused across curves, on Ed25519, and where X25519 gives zeros', () => {
    const random = seededRandom('refusals')
    const p256 = generateCurveKeyPair('P-256', random)
    const ed25519 = generateCurveKeyPair('Ed25519', random)
    const x25519 = generateCurveKeyPair('X25519', random)
    expect(() => sharedSecret(p256, x25519.publicKey)).toThrow(/no shared secret/)
    expect(() => sharedSecret(ed25519, ed25519.publicKey)).toThrow(/no shared secret/)
    const zero = curvePublicKey('X25519', new Uint8Array(32))
    expect(() => sharedSecret(x25519, zero)).toThrow(/small order/)
  })
})

describe('a signature', () => {
  it.each(signing)('on %s verifies, and no other message does', (curve) => {
    const pair = generateCurveKeyPair(curve, seededRandom(`${curve} signer`))
    const message = fromHex('6d657373616765')
    const signature = signMessage(pair, { message, hash: 'SHA-384' })
    expect(signature).toHaveLength(2 * coordinateLength(curve))
    const input = { message, signature, hash: 'SHA-384' } as const
    expect(verifyMessage(pair.publicKey, input)).toBe(true)
    expect(verifyMessage(pair.publicKey, { ...input, message: new Uint8Array() })).toBe(false)
    const longer = concat(signature, Uint8Array.of(0))
    expect(verifyMessage(pair.publicKey, { ...input, signature: longer })).toBe(false)
  })

  it('of RFC 8032 section 7.1 test 2 is made', () => {
    const seed = fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb')
    const signature = signMessage(curveKeyPair('Ed25519', seed), { message: Uint8Array.of(0x72) })
    expect(toHex(signature)).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    )
  })

  it('is not made on X25519', () => {
    const pair = generateCurveKeyPair('X25519', seededRandom('none'))
    const message = new Uint8Array()
    expect(() => signMessage(pair, { message })).toThrow(/makes no signature/)
    const signature = new Uint8Array(64)
    expect(() => verifyMessageDer(pair.publicKey, { message, signature })).toThrow(/no signature/)
  })
})
