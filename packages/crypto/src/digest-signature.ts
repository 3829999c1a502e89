import { createHmac } from 'node:crypto'
import { concat, type Random } from '@keyline/bytes'
import {
  decompressPoint,
  drawPrivateKey,
  publicKeyOf,
  requirePrivateKey,
  sharedSecretOf,
} from './curve-key.ts'
import { weierstrassCurves, type WeierstrassCurve, type WeierstrassParameters } from './curve.ts'
import { hashName, type HashAlgorithm } from './hash.ts'
import { integerOf, inverse, octetsOf, remainder } from './integer.ts'

/**
 * ECDSA over a digest as it stands, of any length (FIPS 186-5 section 6.4): the leftmost bits count. `node:crypto`
 * hashes what it signs, so the arithmetic around its points is done here in `bigint`. That is not constant in time:
 * for a chip in software and for test keys, never for the key of a product.
 */
export interface DigestSignatureInput {
  readonly curve: WeierstrassCurve
  /** One coordinate length, 1 … n − 1, big endian. */
  readonly privateKey: Uint8Array
  readonly digest: Uint8Array
  /** Where the secret number of each signature comes from: `randomNonces` or `deterministicNonces`. */
  readonly nonces: NonceSource
}

/** Numbers in 1 … n − 1 for one signature, one after the other until one of them fits. */
export type NonceSource = (input: {
  readonly curve: WeierstrassCurve
  readonly privateKey: Uint8Array
  readonly digest: Uint8Array
}) => Iterable<Uint8Array>

/** r ‖ s, each one coordinate length. @throws CryptoError `CURVE_KEY` */
export function signDigest(input: DigestSignatureInput): Uint8Array<ArrayBuffer> {
  const { length, n } = weierstrassCurves[input.curve]
  requirePrivateKey(input.curve, input.privateKey)
  const e = truncated(input.digest, n)
  const d = integerOf(input.privateKey)
  for (const nonce of input.nonces(input)) {
    const point = publicKeyOf(input.curve, nonce)
    const r = integerOf(point.subarray(0, length)) % n
    const s = (inverse(integerOf(nonce), n) * ((e + r * d) % n)) % n
    if (r !== 0n && s !== 0n) return concat(octetsOf(r, length), octetsOf(s, length))
  }
  throw new TypeError('the source of nonces has an end')
}

/** Drawn afresh for each signature. */
export function randomNonces(random: Random): NonceSource {
  return function* draw({ curve }) {
    for (;;) yield drawPrivateKey(curve, random)
  }
}

/** RFC 6979: the same key and digest give the same signature. */
export function deterministicNonces(hash: HashAlgorithm): NonceSource {
  return function* derive({ curve, privateKey, digest }) {
    const { length, n } = weierstrassCurves[curve]
    const bits = bitLength(n)
    const seed = concat(privateKey, octetsOf(truncated(digest, n) % n, length))
    const mac = macWith(hashName(hash))
    const size = mac(new Uint8Array(1)).length
    let value: Uint8Array = new Uint8Array(size).fill(0x01)
    let key: Uint8Array = mac(new Uint8Array(size), value, Uint8Array.of(0), seed)
    value = mac(key, value)
    key = mac(key, value, Uint8Array.of(1), seed)
    value = mac(key, value)
    for (;;) {
      let drawn = new Uint8Array()
      while (drawn.length < length) {
        value = mac(key, value)
        drawn = concat(drawn, value)
      }
      const candidate = integerOf(drawn) >> BigInt(8 * drawn.length - bits)
      if (candidate > 0n && candidate < n) yield octetsOf(candidate, length)
      key = mac(key, value, Uint8Array.of(0))
      value = mac(key, value)
    }
  }
}

function macWith(name: string) {
  return (key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array =>
    createHmac(name, key)
      .update(concat(...parts))
      .digest()
}

/** Verifies r ‖ s over a digest as it stands; a key that is no point on the curve is a refusal. */
export function verifyDigest(input: {
  readonly curve: WeierstrassCurve
  /** X ‖ Y. */
  readonly publicKey: Uint8Array
  readonly digest: Uint8Array
  readonly signature: Uint8Array
}): boolean {
  const parameters = weierstrassCurves[input.curve]
  const { length, n } = parameters
  if (input.signature.length !== 2 * length) return false
  const r = integerOf(input.signature.subarray(0, length))
  const s = integerOf(input.signature.subarray(length))
  if (r === 0n || r >= n || s === 0n || s >= n) return false
  const w = inverse(s, n)
  const base = timesBase(input.curve, (truncated(input.digest, n) * w) % n)
  const key = timesPoint(input.curve, (r * w) % n, input.publicKey)
  if (key === undefined) return false
  const sum = base === infinity ? key : added(parameters, base, key)
  return sum !== infinity && sum.x % n === r
}

interface Point {
  readonly x: bigint
  readonly y: bigint
}

const infinity = 'infinity'

/** The leftmost bits of a digest, as many as the order has (FIPS 186-5 section 6.4.1 step 2). */
function truncated(digest: Uint8Array, n: bigint): bigint {
  const excess = 8 * digest.length - bitLength(n)
  const value = integerOf(digest)
  return excess > 0 ? value >> BigInt(excess) : value
}

function bitLength(value: bigint): number {
  return value.toString(2).length
}

function timesBase(curve: WeierstrassCurve, scalar: bigint): Point | typeof infinity {
  if (scalar === 0n) return infinity
  return pointOf(publicKeyOf(curve, octetsOf(scalar, weierstrassCurves[curve].length)))
}

/**
 * Scalar times a point of which the runtime tells only X. One of the two points with that X is the product: the one
 * that, the point added once more, has the X of (scalar + 1) times the point.
 */
function timesPoint(
  curve: WeierstrassCurve,
  scalar: bigint,
  octets: Uint8Array,
): Point | undefined {
  const parameters = weierstrassCurves[curve]
  const { length, n, p } = parameters
  const x = sharedSecretOf(curve, { privateKey: octetsOf(scalar, length), publicKey: octets })
  const y = x === undefined ? undefined : decompressPoint(curve, x, false)
  if (x === undefined || y === undefined) return undefined
  const either = { x: integerOf(x), y: integerOf(y) }
  const other = { x: either.x, y: remainder(-either.y, p) }
  const point = pointOf(octets)
  if (scalar === n - 1n) return { x: point.x, y: remainder(-point.y, p) }
  const next = sharedSecretOf(curve, {
    privateKey: octetsOf(scalar + 1n, length),
    publicKey: octets,
  })
  const sum = added(parameters, either, point)
  const isEither = sum !== infinity && next !== undefined && sum.x === integerOf(next)
  return isEither ? either : other
}

function pointOf(octets: Uint8Array): Point {
  const length = octets.length / 2
  return { x: integerOf(octets.subarray(0, length)), y: integerOf(octets.subarray(length)) }
}

/** The sum of two affine points by chord or tangent. */
function added({ p, a }: WeierstrassParameters, one: Point, two: Point): Point | typeof infinity {
  const isSameX = one.x === two.x
  if (isSameX && (one.y + two.y) % p === 0n) return infinity
  const slope = isSameX
    ? ((3n * one.x * one.x + a) * inverse(2n * one.y, p)) % p
    : ((two.y - one.y) * inverse(two.x - one.x, p)) % p
  const x = remainder(slope * slope - one.x - two.x, p)
  return { x, y: remainder(slope * (one.x - x) - one.y, p) }
}
