import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  ECDH,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto'
import { concat, fromHex, Secret, toBase64url, type Random } from '@keyline/bytes'
import {
  coordinateLength,
  edwardsCurves,
  isWeierstrass,
  publicKeyLength,
  weierstrassCurves,
  type Curve,
  type WeierstrassCurve,
} from './curve.ts'
import { CryptoError } from './errors.ts'
import { integerOf } from './integer.ts'
import { bufferOf, ownOctets } from './own-octets.ts'

/** A public key on one of the curves, checked and parsed once. */
export interface CurvePublicKey {
  readonly curve: Curve
  /** X ‖ Y, big endian; or the 32 octets of curve 25519, little endian. */
  readonly octets: Uint8Array
  readonly handle: KeyObject
  /** The key in the form that a check can read by itself, where it was not parsed before. */
  readonly unparsed?: JsonWebKey | undefined
}

/** A key pair behind a handle; the private key is not readable through it. */
export interface CurveKeyPair {
  readonly curve: Curve
  readonly publicKey: CurvePublicKey
  readonly handle: KeyObject
}

/** @throws CryptoError `CURVE_KEY` unless the octets are a point on the curve; of 25519 any 32 octets are */
export function curvePublicKey(curve: Curve, octets: Uint8Array): CurvePublicKey {
  requireLength(`a public key on ${curve}`, octets, publicKeyLength(curve))
  try {
    return { curve, octets: new Uint8Array(octets), handle: importPublicKey(curve, octets) }
  } catch (cause) {
    throw new CryptoError('CURVE_KEY', `a public key is not a point on ${curve}`, { cause })
  }
}

/**
 * A public key that will check one signature. It is parsed in that check, which is cheaper than to make a handle first
 * and says only then whether the octets are a point. @throws CryptoError `CURVE_KEY` for another length
 */
export function fleetingPublicKey(curve: Curve, octets: Uint8Array): CurvePublicKey {
  if (!jsonWebCurves.has(curve)) return curvePublicKey(curve, octets)
  requireLength(`a public key on ${curve}`, octets, publicKeyLength(curve))
  return {
    curve,
    octets,
    unparsed: jsonWebKey(curve, octets),
    get handle() {
      return curvePublicKey(curve, octets).handle
    },
  }
}

/** As a JSON Web Key where the curve has a name there: the DER decoders of OpenSSL take half as long again. */
function importPublicKey(curve: Curve, octets: Uint8Array): KeyObject {
  if (!isWeierstrass(curve)) return importSpki(edwardsCurves[curve].oid, [octets])
  if (!jsonWebCurves.has(curve)) {
    const algorithm = `06072a8648ce3d0201${weierstrassCurves[curve].oid}`
    return importSpki(algorithm, [uncompressed, octets])
  }
  return createPublicKey({ key: jsonWebKey(curve, octets), format: 'jwk' })
}

function jsonWebKey(curve: Curve, octets: Uint8Array): JsonWebKey {
  const half = octets.length / 2
  const x = toBase64url(octets.subarray(0, half))
  const y = toBase64url(octets.subarray(half))
  return { kty: 'EC', crv: curve, x, y }
}

/** Of RFC 7518 section 6.2.1.1, under the same names. */
const jsonWebCurves: ReadonlySet<Curve> = new Set(['P-256', 'P-384', 'P-521'])

/**
 * @param privateKey one coordinate length: a scalar of 1 … n − 1, big endian; or the 32 octets of RFC 7748 and 8032
 * @throws CryptoError `CURVE_KEY`
 */
export function curveKeyPair(curve: Curve, privateKey: Uint8Array): CurveKeyPair {
  requirePrivateKey(curve, privateKey)
  using der = new Secret(privateKeyInfo(curve, privateKey))
  const handle = createPrivateKey({ key: bufferOf(der.reveal()), format: 'der', type: 'pkcs8' })
  const publicHandle = createPublicKey(handle)
  const spki = publicHandle.export({ format: 'der', type: 'spki' })
  const octets = new Uint8Array(spki.subarray(-publicKeyLength(curve)))
  return { curve, publicKey: { curve, octets, handle: publicHandle }, handle }
}

/** A fresh key pair; the private key is drawn as `drawPrivateKey` does. */
export function generateCurveKeyPair(curve: Curve, random: Random): CurveKeyPair {
  using privateKey = new Secret(drawPrivateKey(curve, random))
  return curveKeyPair(curve, privateKey.reveal())
}

/** A private key, uniform over all of the curve: draws until one is in range (FIPS 186-5 appendix A.2.2). */
export function drawPrivateKey(curve: Curve, random: Random): Uint8Array<ArrayBuffer> {
  for (;;) {
    const drawn = random.bytes(coordinateLength(curve))
    if (curve === 'P-521') drawn[0] = (drawn[0] ?? 0) & 0x01
    if (!isWeierstrass(curve) || isScalar(curve, drawn)) return drawn
  }
}

/** Raw public key of a raw private key. @throws CryptoError `CURVE_KEY` */
export function publicKeyOf(curve: Curve, privateKey: Uint8Array): Uint8Array<ArrayBuffer> {
  requirePrivateKey(curve, privateKey)
  if (!isWeierstrass(curve))
    return Uint8Array.from(curveKeyPair(curve, privateKey).publicKey.octets)
  const ecdh = createECDH(weierstrassCurves[curve].openssl)
  ecdh.setPrivateKey(privateKey)
  return ownOctets(ecdh.getPublicKey()).slice(1)
}

/**
 * ECDH (SP 800-56A: the X coordinate) or X25519 (RFC 7748).
 * @throws CryptoError `CURVE_KEY` for keys on different curves or on Ed25519, and for a secret of zeros on X25519
 */
export function sharedSecret(pair: CurveKeyPair, publicKey: CurvePublicKey): Secret {
  if (pair.curve !== publicKey.curve || pair.curve === 'Ed25519') {
    throw new CryptoError(
      'CURVE_KEY',
      `a key on ${pair.curve} makes no shared secret with one on ${publicKey.curve}`,
    )
  }
  try {
    const secret = diffieHellman({ privateKey: pair.handle, publicKey: publicKey.handle })
    return new Secret(ownOctets(secret))
  } catch (cause) {
    throw new CryptoError('CURVE_KEY', `a public key on ${pair.curve} has a small order`, { cause })
  }
}

/**
 * The same from raw keys, many times as fast where a private key is used once; nothing for a public key that is not
 * on the curve or of a small order.
 * @throws CryptoError `CURVE_KEY` for a private key that is none
 */
export function sharedSecretOf(
  curve: Exclude<Curve, 'Ed25519'>,
  keys: { readonly privateKey: Uint8Array; readonly publicKey: Uint8Array },
): Uint8Array<ArrayBuffer> | undefined {
  const { privateKey, publicKey } = keys
  requirePrivateKey(curve, privateKey)
  if (publicKey.length !== publicKeyLength(curve)) return undefined
  try {
    if (curve === 'X25519') {
      const pair = curveKeyPair(curve, privateKey)
      return Uint8Array.from(sharedSecret(pair, curvePublicKey(curve, publicKey)).reveal())
    }
    const ecdh = createECDH(weierstrassCurves[curve].openssl)
    ecdh.setPrivateKey(privateKey)
    return ownOctets(ecdh.computeSecret(concat(uncompressed, publicKey)))
  } catch {
    return undefined
  }
}

/** True when the octets X ‖ Y are a point on the curve; of 25519, when there are 32. */
export function isPublicKey(curve: Curve, octets: Uint8Array): boolean {
  if (octets.length !== publicKeyLength(curve)) return false
  return !isWeierstrass(curve) || decompressed(curve, concat(uncompressed, octets)) !== undefined
}

/** Y of the point with this X, big endian; nothing when the curve has none. */
export function decompressPoint(
  curve: WeierstrassCurve,
  x: Uint8Array,
  isYOdd: boolean,
): Uint8Array<ArrayBuffer> | undefined {
  const { length } = weierstrassCurves[curve]
  if (x.length !== length) return undefined
  const point = decompressed(curve, concat(isYOdd ? oddY : evenY, x))
  return point === undefined ? undefined : new Uint8Array(point.subarray(1 + length))
}

const uncompressed = Uint8Array.of(0x04)
const evenY = Uint8Array.of(0x02)
const oddY = Uint8Array.of(0x03)

function decompressed(curve: WeierstrassCurve, point: Uint8Array): Uint8Array | undefined {
  try {
    const octets = ECDH.convertKey(point, weierstrassCurves[curve].openssl)
    return typeof octets === 'string' ? undefined : octets
  } catch {
    return undefined
  }
}

function isScalar(curve: WeierstrassCurve, octets: Uint8Array): boolean {
  const scalar = integerOf(octets)
  return scalar > 0n && scalar < weierstrassCurves[curve].n
}

/** @throws CryptoError `CURVE_KEY` for another length, or a scalar out of range */
export function requirePrivateKey(curve: Curve, privateKey: Uint8Array): void {
  requireLength(`a private key on ${curve}`, privateKey, coordinateLength(curve))
  if (!isWeierstrass(curve) || isScalar(curve, privateKey)) return
  throw new CryptoError('CURVE_KEY', `a private key on ${curve} is not in 1 to n - 1`)
}

function requireLength(what: string, octets: Uint8Array, length: number): void {
  if (octets.length === length) return
  throw new CryptoError('CURVE_KEY', `${what} has ${octets.length} octets, not ${length}`)
}

function importSpki(algorithm: string, key: readonly Uint8Array[]): KeyObject {
  const spki = der(0x30, der(0x30, fromHex(algorithm)), der(0x03, Uint8Array.of(0), ...key))
  return createPublicKey({ key: bufferOf(spki), format: 'der', type: 'spki' })
}

/** PKCS#8 (RFC 5958) around the ECPrivateKey (RFC 5915) or CurvePrivateKey (RFC 8410). */
function privateKeyInfo(curve: Curve, privateKey: Uint8Array): Uint8Array {
  const version = der(0x02, Uint8Array.of(0))
  if (!isWeierstrass(curve)) {
    const algorithm = der(0x30, fromHex(edwardsCurves[curve].oid))
    return der(0x30, version, algorithm, der(0x04, der(0x04, privateKey)))
  }
  const algorithm = der(0x30, fromHex(`06072a8648ce3d0201${weierstrassCurves[curve].oid}`))
  const inner = der(0x30, der(0x02, Uint8Array.of(1)), der(0x04, privateKey))
  return der(0x30, version, algorithm, der(0x04, inner))
}

function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const content = concat(...parts)
  const { length } = content
  const head = length < 0x80 ? [tag, length] : [tag, 0x81, length]
  return concat(Uint8Array.from(head), content)
}
