import { equalSecret, type Secret } from '@keyline/bytes'
import {
  hmacOf,
  verifyMessage,
  verifyRsaPss,
  type CurvePublicKey,
  isWeierstrass,
  publicKeyLength,
} from '@keyline/crypto'
import type { KeyObject } from 'node:crypto'
import { EatError } from '../errors.ts'
import type { CoseAlgorithm } from './algorithm.ts'
import type { CoseEnvelope } from './envelope.ts'
import { toBeAuthenticated } from './structure.ts'

/** What an envelope is verified with: a public key on a curve, an RSA public key, or the secret of a MAC. */
export type CoseKey =
  | { readonly type: 'ec'; readonly publicKey: CurvePublicKey }
  | { readonly type: 'rsa'; readonly publicKey: KeyObject }
  | { readonly type: 'symmetric'; readonly secret: Secret }

export interface VerificationInput {
  readonly algorithm: CoseAlgorithm
  readonly key: CoseKey
  readonly externalData?: Uint8Array | undefined
  /** ECDSA over another curve than the one that attestation binds to the algorithm, as COSE itself allows. */
  readonly anyCurve?: boolean | undefined
}

/**
 * Checks that key and algorithm belong together, and curve and algorithm. Apart from the signature, since a verifier
 * compares the nonce in between. @throws EatError `E_COSE_ALG_KEY_MISMATCH`
 */
export function requireFittingKey({ algorithm, key, anyCurve }: VerificationInput): void {
  const { name, kind, curve } = algorithm
  const wanted = kind === 'mac0' ? 'symmetric' : name.startsWith('PS') ? 'rsa' : 'ec'
  if (key.type !== wanted) {
    throw new EatError('E_COSE_ALG_KEY_MISMATCH', `${name} with a key of type ${key.type}`)
  }
  if (key.type !== 'ec') return
  const actual = key.publicKey.curve
  if (isWeierstrass(actual) && (actual === curve || anyCurve === true)) return
  throw new EatError('E_COSE_ALG_KEY_MISMATCH', `${name} with a key on ${actual}`)
}

/**
 * Verifies signature or MAC over the payload of an envelope.
 * @throws EatError `E_COSE_ALG_KEY_MISMATCH`, `E_COSE_DETACHED`, `E_SIG_LENGTH`, `E_SIG_INVALID`
 */
export function verifyEnvelope(envelope: CoseEnvelope, input: VerificationInput): void {
  requireFittingKey(input)
  const { kind, protectedOctets, payload, signature } = envelope
  const { algorithm, key, externalData } = input
  if (payload === undefined) throw new EatError('E_COSE_DETACHED', 'the payload is detached')
  const length = lengthOf(algorithm, key)
  if (signature.length !== length) {
    const message = `the ${algorithm.name} value has ${signature.length} octets, not ${length}`
    throw new EatError('E_SIG_LENGTH', message)
  }
  const message = toBeAuthenticated({ kind, protectedOctets, payload, externalData })
  if (!isAuthentic(message, signature, algorithm, key)) {
    throw new EatError('E_SIG_INVALID', `the ${algorithm.name} value does not verify`)
  }
}

function isAuthentic(
  message: Uint8Array,
  signature: Uint8Array,
  { hash, macLength }: CoseAlgorithm,
  key: CoseKey,
): boolean {
  switch (key.type) {
    case 'ec':
      return verifyMessage(key.publicKey, { message, hash, signature })
    case 'rsa':
      return verifyRsaPss(key.publicKey, { message, hash, signature })
    case 'symmetric':
      return equalSecret(
        hmacOf(hash, key.secret.reveal(), message).subarray(0, macLength),
        signature,
      )
    default:
      return key satisfies never
  }
}

function lengthOf({ macLength = 0 }: CoseAlgorithm, key: CoseKey): number {
  if (key.type === 'ec') return publicKeyLength(key.publicKey.curve)
  if (key.type === 'symmetric') return macLength
  return (key.publicKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8
}
