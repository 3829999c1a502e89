import type { P256PublicKey, Signer } from '@keyline/crypto'
import { p256 } from '@noble/curves/nist.js'

/** Signs with the nonces of RFC 6979 and leaves s as it falls, so that signatures can be compared. */
export function deterministicSigner(publicKey: P256PublicKey, scalar: Uint8Array): Signer {
  return {
    publicKey,
    sign: (message) => Promise.resolve(p256.sign(message, scalar, { lowS: false, format: 'der' })),
  }
}
