import { isKeylineError } from '@keyline/bytes'
import { p256PublicKey, verifyP256Der } from '@keyline/crypto'

/** A signature on P-256 with SHA-256, and what it should be of. */
export interface SignatureClaim {
  /** 65 octets, uncompressed. */
  readonly point: Uint8Array
  readonly message: Uint8Array
  /** DER. */
  readonly signature: Uint8Array
}

/** Verifies signatures, on this thread or on others. */
export interface SignatureVerifier {
  /** False for a signature that does not hold, and for a point that is no key. */
  verify(claim: SignatureClaim): boolean | Promise<boolean>
}

/** On the thread that asks. */
export const ownThread: SignatureVerifier = { verify: holds }

export function holds({ point, message, signature }: SignatureClaim): boolean {
  try {
    return verifyP256Der({ publicKey: p256PublicKey(point), message, signature })
  } catch (error) {
    if (isKeylineError(error)) return false
    throw error
  }
}
