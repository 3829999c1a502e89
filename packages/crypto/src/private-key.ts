import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { Secret } from '@keyline/bytes'
import { CryptoError } from './errors.ts'
import { bufferOf, ownOctets } from './own-octets.ts'
import { jwkCoordinates, p256FromScalar, type P256KeyPair } from './p256.ts'

export interface PrivateKeyInput {
  /** PEM, or DER of PKCS#8 or SEC1, or a 32-octet scalar. */
  readonly octets: Uint8Array
  /** Opens an encrypted key; an open one does not ask for it. */
  readonly passphrase?: Secret | undefined
}

/** How a key file is written, told from its first octets. */
interface KeyForm {
  readonly format: 'pem' | 'der'
  readonly type?: 'pkcs8' | 'sec1'
  readonly isEncrypted: boolean
}

/**
 * Reads a private key in any of its usual forms: PKCS#8 (RFC 5958), also encrypted, and SEC1 (RFC 5915),
 * each as PEM or DER; or 32 octets.
 * The scalar must be 1 … n − 1, and a public key that comes with it must be its own.
 * @throws CryptoError `KEY_PASSPHRASE` when an encrypted key does not open, `KEY_INVALID` for all else
 */
export function p256FromEncoded(input: PrivateKeyInput): P256KeyPair {
  if (input.octets.length === 32) return p256FromScalar(input.octets)
  return checkedPair(importKey(input, formOf(input.octets)))
}

/** PKCS#8 DER without encryption: for storage under another protection only. */
export function p256ToPkcs8(pair: P256KeyPair): Secret {
  return new Secret(ownOctets(pair.handle.export({ format: 'der', type: 'pkcs8' })))
}

/** The scalar, 32 octets big endian: for the store that will hold it. */
export function p256ScalarOf(pair: P256KeyPair): Secret {
  using der = sec1Of(pair.handle)
  return new Secret(Uint8Array.from(scalarOf(der)))
}

function formOf(octets: Uint8Array): KeyForm {
  if (octets[0] !== 0x30) {
    return { format: 'pem', isEncrypted: bufferOf(octets).includes('ENCRYPTED') }
  }
  const start = contentOf(octets)
  // EncryptedPrivateKeyInfo begins with an algorithm, the other two with a version.
  if (octets[start] === 0x30) return { format: 'der', type: 'pkcs8', isEncrypted: true }
  // Behind the version (3 octets) SEC1 has the scalar, PKCS#8 an algorithm.
  const type = octets[start + 3] === 0x04 ? 'sec1' : 'pkcs8'
  return { format: 'der', type, isEncrypted: false }
}

/** Where the content of the outer SEQUENCE begins, which must be all that there is. */
function contentOf(octets: Uint8Array): number {
  const first = octets[1] ?? 0
  const start = first < 0x80 ? 2 : 2 + (first & 0x7f)
  const length = first < 0x80 ? first : octets.subarray(2, start).reduce((a, b) => a * 256 + b, 0)
  if (start + length === octets.length) return start
  throw notAKey()
}

/** Nothing is told of why an encrypted key does not open: a damaged one looks like a wrong passphrase. */
function importKey({ octets, passphrase }: PrivateKeyInput, form: KeyForm): KeyObject {
  const { isEncrypted, ...encoding } = form
  const input = { key: bufferOf(octets), ...encoding }
  if (isEncrypted && passphrase === undefined) {
    const message = 'the private key is encrypted, and no passphrase was given'
    throw new CryptoError('KEY_PASSPHRASE', message)
  }
  try {
    return isEncrypted && passphrase !== undefined
      ? createPrivateKey({ ...input, passphrase: bufferOf(passphrase.reveal()) })
      : createPrivateKey(input)
  } catch (cause) {
    if (!isEncrypted) throw notAKey(cause)
    throw new CryptoError('KEY_PASSPHRASE', 'the passphrase does not open the private key')
  }
}

function notAKey(cause?: unknown): CryptoError {
  return new CryptoError('KEY_INVALID', 'a private key is neither PKCS#8, SEC1 nor 32 octets', {
    cause,
  })
}

/** The runtime checks neither the range of the scalar nor that the public key belongs to it. */
function checkedPair(handle: KeyObject): P256KeyPair {
  const { asymmetricKeyType, asymmetricKeyDetails } = handle
  const curve = asymmetricKeyDetails?.namedCurve ?? asymmetricKeyType
  if (curve !== 'prime256v1') {
    throw new CryptoError('KEY_INVALID', `a private key is of ${curve}, but must be of P-256`)
  }
  using der = sec1Of(handle)
  const pair = p256FromScalar(scalarOf(der))
  const own = jwkCoordinates(pair.publicKey.point)
  const given = createPublicKey(handle).export({ format: 'jwk' })
  if (given.x !== own.x || given.y !== own.y) {
    const message = 'a private key comes with the public key of another one'
    throw new CryptoError('KEY_INVALID', message)
  }
  return pair
}

function sec1Of(handle: KeyObject): Secret {
  return new Secret(ownOctets(handle.export({ format: 'der', type: 'sec1' })))
}

/** ECPrivateKey as the runtime writes it: SEQUENCE (short length), version 1, scalar of 32 octets. */
function scalarOf(sec1: Secret): Uint8Array {
  const octets = sec1.reveal()
  const hasScalar = octets[2] === 0x02 && octets[5] === 0x04 && octets[6] === 32
  if (hasScalar) return octets.subarray(7, 39)
  throw new CryptoError('KEY_INVALID', 'a private key spells its curve out, but must name it')
}
