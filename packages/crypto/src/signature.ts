import { sign, verify } from 'node:crypto'
import type { CurveKeyPair, CurvePublicKey } from './curve-key.ts'
import { coordinateLength, isWeierstrass } from './curve.ts'
import { CryptoError } from './errors.ts'
import { hashName, type HashAlgorithm } from './hash.ts'
import { ownOctets } from './own-octets.ts'

export interface SignatureInput {
  readonly message: Uint8Array
  /** Hash of the message; Ed25519 has its own and does not use it. SHA-256 unless given. */
  readonly hash?: HashAlgorithm | undefined
}

/**
 * ECDSA (r ‖ s, each one coordinate length) or pure Ed25519 (64 octets), over a message.
 * @throws CryptoError `CURVE_KEY` for a key on X25519
 */
export function signMessage(pair: CurveKeyPair, input: SignatureInput): Uint8Array<ArrayBuffer> {
  const { hash, encoding } = schemeOf(pair, input)
  return ownOctets(sign(hash, input.message, { key: pair.handle, ...encoding }))
}

/**
 * Verifies what `signMessage` makes; any other length is a refusal.
 * @throws CryptoError `CURVE_KEY` for a key on X25519, and for a fleeting one that is no point
 */
export function verifyMessage(
  publicKey: CurvePublicKey,
  input: SignatureInput & { readonly signature: Uint8Array },
): boolean {
  const { hash, encoding } = schemeOf(publicKey, input)
  const { message, signature } = input
  if (signature.length !== 2 * coordinateLength(publicKey.curve)) return false
  const { unparsed } = publicKey
  if (unparsed === undefined) {
    return verify(hash, message, { key: publicKey.handle, ...encoding }, signature)
  }
  try {
    return verify(hash, message, { key: unparsed, format: 'jwk', ...encoding }, signature)
  } catch (cause) {
    const { curve } = publicKey
    throw new CryptoError('CURVE_KEY', `a public key is not a point on ${curve}`, { cause })
  }
}

/** Verifies ECDSA as X.509 carries it, DER of r and s; the strictness of the DER is that of OpenSSL. */
export function verifyMessageDer(
  publicKey: CurvePublicKey,
  input: SignatureInput & { readonly signature: Uint8Array },
): boolean {
  const { hash } = schemeOf(publicKey, input)
  return verify(hash, input.message, publicKey.handle, input.signature)
}

function schemeOf({ curve }: CurveKeyPair | CurvePublicKey, input: SignatureInput) {
  if (curve === 'X25519') throw new CryptoError('CURVE_KEY', 'a key on X25519 makes no signature')
  if (!isWeierstrass(curve)) return { hash: null, encoding: {} }
  const encoding = { dsaEncoding: 'ieee-p1363' as const }
  return { hash: hashName(input.hash ?? 'SHA-256'), encoding }
}
