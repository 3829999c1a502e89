import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto'
import { concat, fromHex, Secret, toBase64url } from '@keyline/bytes'
import { CryptoError } from './errors.ts'

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

/**
 * Keys met lately, by their point, the oldest first. One board's key comes by a dozen times, in request, certificate
 * and proof, and each import with its check of the curve costs as much as a verification.
 */
const recentKeys = new Map<string, P256PublicKey>()
const recentKeysLimit = 512

/** @throws CryptoError `KEY_INVALID` unless the octets are an uncompressed point on the curve */
export function p256PublicKey(point: Uint8Array): P256PublicKey {
  const name = Buffer.from(point.buffer, point.byteOffset, point.length).toString('latin1')
  const recent = recentKeys.get(name)
  if (recent !== undefined) return recent
  const key = importPoint(point)
  if (recentKeys.size >= recentKeysLimit) {
    for (const oldest of recentKeys.keys()) {
      recentKeys.delete(oldest)
      break
    }
  }
  recentKeys.set(name, key)
  return key
}

function importPoint(point: Uint8Array): P256PublicKey {
  if (point.length !== 65 || point[0] !== 0x04) {
    throw new CryptoError(
      'KEY_INVALID',
      `a public key has ${point.length} octets, but must have 65 and start with 04`,
    )
  }
  try {
    const key = {
      kty: 'EC',
      crv: 'P-256',
      x: toBase64url(point.subarray(1, 33)),
      y: toBase64url(point.subarray(33)),
    }
    return { point: Uint8Array.from(point), handle: createPublicKey({ key, format: 'jwk' }) }
  } catch (cause) {
    throw new CryptoError('KEY_INVALID', 'a public key is not a point on P-256', { cause })
  }
}

/** True when the octets are an uncompressed point on P-256. */
export function isP256Point(point: Uint8Array): boolean {
  try {
    p256PublicKey(point)
    return true
  } catch {
    return false
  }
}

export function generateP256(): P256KeyPair {
  return keyPair(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
}

/** @param scalar 32 octets, big endian, 1 … n − 1. @throws CryptoError `KEY_INVALID` */
export function p256FromScalar(scalar: Uint8Array): P256KeyPair {
  const point = p256PointOf(scalar)
  const key = {
    kty: 'EC',
    crv: 'P-256',
    x: toBase64url(point.subarray(1, 33)),
    y: toBase64url(point.subarray(33)),
    d: toBase64url(scalar),
  }
  return { publicKey: p256PublicKey(point), handle: createPrivateKey({ key, format: 'jwk' }) }
}

/** Scalar times base point: 65 octets. @throws CryptoError `KEY_INVALID` unless 1 ≤ scalar < n */
export function p256PointOf(scalar: Uint8Array): Uint8Array<ArrayBuffer> {
  if (scalar.length !== 32) {
    throw new CryptoError('KEY_INVALID', `a private key has ${scalar.length} octets, not 32`)
  }
  try {
    const ecdh = createECDH('prime256v1')
    ecdh.setPrivateKey(scalar)
    return Uint8Array.from(ecdh.getPublicKey())
  } catch (cause) {
    throw new CryptoError('KEY_INVALID', 'a private key is not in 1 to n - 1', { cause })
  }
}

export interface PrivateKeyInput {
  /** PEM, or DER of PKCS#8 or SEC1, or a 32-octet scalar. */
  readonly octets: Uint8Array
  readonly passphrase?: Secret | undefined
}

/** Reads a private key in any of its usual forms. @throws CryptoError `KEY_INVALID`, `KEY_PASSPHRASE` */
export function p256FromEncoded(input: PrivateKeyInput): P256KeyPair {
  if (input.octets.length === 32) return p256FromScalar(input.octets)
  const isPem = input.octets[0] === 0x2d
  const passphrase =
    input.passphrase === undefined ? undefined : Buffer.from(input.passphrase.reveal())
  const key = Buffer.from(input.octets)
  const forms = isPem
    ? [{ key, format: 'pem' as const, passphrase }]
    : [
        { key, format: 'der' as const, type: 'pkcs8' as const, passphrase },
        { key, format: 'der' as const, type: 'sec1' as const },
      ]
  let cause: unknown
  for (const { passphrase: secret, ...form } of forms.map((f) => ({
    passphrase: undefined,
    ...f,
  }))) {
    try {
      return keyPair(
        createPrivateKey(secret === undefined ? form : { ...form, passphrase: secret }),
      )
    } catch (error) {
      if (error instanceof CryptoError) throw error
      cause ??= error
    }
  }
  const isLocked = isPem && key.includes('ENCRYPTED')
  if (isLocked) {
    throw new CryptoError('KEY_PASSPHRASE', 'the passphrase does not open the private key')
  }
  throw new CryptoError('KEY_INVALID', 'a private key is neither PKCS#8, SEC1 nor 32 octets', {
    cause,
  })
}

/** PKCS#8 DER without encryption: for storage under another protection only. */
export function p256ToPkcs8(pair: P256KeyPair): Secret {
  return new Secret(Uint8Array.from(pair.handle.export({ format: 'der', type: 'pkcs8' })))
}

/** The scalar, 32 octets big endian: for the store that will hold it. */
export function p256ScalarOf(pair: P256KeyPair): Secret {
  const { d } = pair.handle.export({ format: 'jwk' })
  if (d === undefined) throw new CryptoError('KEY_INVALID', 'the key has no private part')
  return new Secret(Uint8Array.from(Buffer.from(d, 'base64url')))
}

/** ECDSA with SHA-256, 64 octets r ‖ s. */
export function signP256(pair: P256KeyPair, message: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(sign('sha256', message, { key: pair.handle, dsaEncoding: 'ieee-p1363' }))
}

/** ECDSA with SHA-256, DER sequence of two integers, as X.509 carries it. */
export function signP256Der(pair: P256KeyPair, message: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(sign('sha256', message, pair.handle))
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

function keyPair(handle: KeyObject): P256KeyPair {
  const { crv, x, y } = createPublicKey(handle).export({ format: 'jwk' })
  if (crv !== 'P-256' || x === undefined || y === undefined) {
    throw new CryptoError('KEY_INVALID', `a key is on ${crv ?? 'no curve'}, but must be on P-256`)
  }
  const point = concat(Uint8Array.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url'))
  return { publicKey: p256PublicKey(point), handle }
}
