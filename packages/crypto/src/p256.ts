import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  ECDH,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto'
import { concat, fromHex, Secret, toBase64url, type Random } from '@keyline/bytes'
import { CryptoError } from './errors.ts'
import { bufferOf, ownOctets } from './own-octets.ts'

/** Order of the group of P-256 (FIPS 186-5, SEC 2). */
export const p256Order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** A P-256 public key: the uncompressed point and its parsed handle, kept so that it is parsed once. */
export interface P256PublicKey {
  /** 65 octets, `04 ‖ X ‖ Y`. */
  readonly point: Uint8Array
  readonly handle: KeyObject
}

/** A P-256 key pair behind a handle; the private scalar is not readable through it. */
export interface P256KeyPair {
  readonly publicKey: P256PublicKey
  readonly handle: KeyObject
}

/** SubjectPublicKeyInfo of a P-256 key up to the point (RFC 5480): 26 octets before the 65 of the point. */
export const p256SpkiPrefix = fromHex('3059301306072a8648ce3d020106082a8648ce3d030107034200')

/** ECPrivateKey (RFC 5915) of a P-256 key: before the scalar, and between the scalar and the point. */
const scalarPrefix = fromHex('30770201010420')
const pointPrefix = fromHex('a00a06082a8648ce3d030107a144034200')

/**
 * Keys met lately, by their point, the oldest first. One board's key comes by a dozen times, in request, certificate
 * and proof, and each import with its check of the curve costs as much as a verification.
 */
const recentKeys = new Map<string, P256PublicKey>()
const recentKeysLimit = 512

/** @throws CryptoError `KEY_INVALID` unless the octets are an uncompressed point on the curve */
export function p256PublicKey(point: Uint8Array): P256PublicKey {
  if (!isUncompressed(point)) {
    const start = point[0]?.toString(16).padStart(2, '0') ?? 'nothing'
    throw new CryptoError(
      'KEY_INVALID',
      `a public key has ${point.length} octets and starts with ${start}, but must have 65 and start with 04`,
    )
  }
  const name = bufferOf(point).toString('latin1')
  const recent = recentKeys.get(name)
  if (recent !== undefined) return recent
  const key = { point: Uint8Array.from(point), handle: importPoint(point) }
  const [oldest] = recentKeys.keys()
  if (oldest !== undefined && recentKeys.size === recentKeysLimit) recentKeys.delete(oldest)
  recentKeys.set(name, key)
  return key
}

function importPoint(point: Uint8Array): KeyObject {
  try {
    const key = { kty: 'EC', crv: 'P-256', ...jwkCoordinates(point) }
    return createPublicKey({ key, format: 'jwk' })
  } catch (cause) {
    throw new CryptoError('KEY_INVALID', 'a public key is not a point on P-256', { cause })
  }
}

/** True when the octets are an uncompressed point on P-256. Five times as fast as making the key. */
export function isP256Point(point: Uint8Array): boolean {
  if (!isUncompressed(point)) return false
  try {
    ECDH.convertKey(point, 'prime256v1')
    return true
  } catch {
    return false
  }
}

function isUncompressed(point: Uint8Array): boolean {
  return point.length === 65 && point[0] === 0x04
}

/** The coordinates of an uncompressed point as a JSON Web Key has them (RFC 7518 section 6.2.1). */
export function jwkCoordinates(point: Uint8Array): { readonly x: string; readonly y: string } {
  return { x: toBase64url(point.subarray(1, 33)), y: toBase64url(point.subarray(33)) }
}

/**
 * A fresh key pair. Not through `generateKeyPairSync`: on Node 20 the job behind it locks its key once more when it
 * is collected, and a collection in the middle of an export of that key never ends.
 */
export function generateP256(): P256KeyPair {
  const ecdh = createECDH('prime256v1')
  const point = ownOctets(ecdh.generateKeys())
  using drawn = new Secret(ownOctets(ecdh.getPrivateKey()))
  // The runtime leaves leading zeros out.
  using scalar = new Secret(new Uint8Array(32))
  scalar.reveal().set(drawn.reveal(), 32 - drawn.length)
  return importPair(scalar.reveal(), point)
}

/** @param scalar 32 octets, big endian, 1 … n − 1. @throws CryptoError `KEY_INVALID` */
export function p256FromScalar(scalar: Uint8Array): P256KeyPair {
  return importPair(scalar, p256PointOf(scalar))
}

/** Through DER and not a JSON Web Key: octets can be wiped, a text cannot. */
function importPair(scalar: Uint8Array, point: Uint8Array): P256KeyPair {
  using der = new Secret(concat(scalarPrefix, scalar, pointPrefix, point))
  const handle = createPrivateKey({ key: bufferOf(der.reveal()), format: 'der', type: 'sec1' })
  return { publicKey: { point, handle: createPublicKey(handle) }, handle }
}

/** Scalar times base point: 65 octets. @throws CryptoError `KEY_INVALID` unless 1 ≤ scalar < n */
export function p256PointOf(scalar: Uint8Array): Uint8Array<ArrayBuffer> {
  return new P256Multiplier().pointOf(scalar)
}

/**
 * Points of many scalars over one kept object of the runtime, which costs as much to make as a multiplication.
 * The last scalar stays in it until the next one.
 */
export class P256Multiplier {
  readonly #ecdh = createECDH('prime256v1')

  /** Scalar times base point: 65 octets. @throws CryptoError `KEY_INVALID` unless 1 ≤ scalar < n */
  pointOf(scalar: Uint8Array): Uint8Array<ArrayBuffer> {
    return pointOf(this.#ecdh, scalar)
  }
}

/** A private key, uniform over 1 … n − 1, by rejection: 32 octets, big endian. */
export function drawP256Scalar(random: Random): Secret {
  for (;;) {
    const octets = random.bytes(32)
    if (isBelowOrder(octets) && octets.some((octet) => octet !== 0)) return new Secret(octets)
    octets.fill(0)
  }
}

/** Only one scalar of 2^32 needs the whole comparison. */
function isBelowOrder(scalar: Uint8Array): boolean {
  const view = new DataView(scalar.buffer, scalar.byteOffset, scalar.length)
  if (view.getUint32(0) !== 0xffff_ffff) return true
  let value = 0n
  for (let offset = 0; offset < 32; offset += 8) {
    value = (value << 64n) | view.getBigUint64(offset)
  }
  return value < p256Order
}

function pointOf(ecdh: ECDH, scalar: Uint8Array): Uint8Array<ArrayBuffer> {
  if (scalar.length !== 32) {
    throw new CryptoError('KEY_INVALID', `a private key has ${scalar.length} octets, not 32`)
  }
  try {
    ecdh.setPrivateKey(scalar)
    return ownOctets(ecdh.getPublicKey())
  } catch (cause) {
    throw new CryptoError('KEY_INVALID', 'a private key is not in 1 to n - 1', { cause })
  }
}

/** ECDSA with SHA-256, 64 octets r ‖ s. */
export function signP256(pair: P256KeyPair, message: Uint8Array): Uint8Array<ArrayBuffer> {
  return ownOctets(sign('sha256', message, { key: pair.handle, dsaEncoding: 'ieee-p1363' }))
}

/** ECDSA with SHA-256, DER sequence of two integers, as X.509 carries it. */
export function signP256Der(pair: P256KeyPair, message: Uint8Array): Uint8Array<ArrayBuffer> {
  return ownOctets(sign('sha256', message, pair.handle))
}

export interface P256Verification {
  readonly publicKey: P256PublicKey
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

/** Verifies 64 octets r ‖ s; any other length is a refusal. */
export function verifyP256(input: P256Verification): boolean {
  if (input.signature.length !== 64) return false
  const key = { key: input.publicKey.handle, dsaEncoding: 'ieee-p1363' as const }
  return verify('sha256', input.message, key, input.signature)
}

/** Verifies a DER signature. The DER form itself is checked by the caller where the profile asks for it. */
export function verifyP256Der(input: P256Verification): boolean {
  return verify('sha256', input.message, input.publicKey.handle, input.signature)
}

/** SubjectPublicKeyInfo DER of a point, 91 octets. */
export function p256Spki(point: Uint8Array): Uint8Array<ArrayBuffer> {
  return concat(p256SpkiPrefix, point)
}
