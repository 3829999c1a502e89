import { signP256Der, type P256KeyPair, type P256PublicKey } from './p256.ts'

/** Holder of a signing key. The key itself is never handed out. */
export interface Signer {
  readonly publicKey: P256PublicKey
  /** ECDSA with SHA-256 over the message, DER. */
  sign(message: Uint8Array): Promise<Uint8Array>
}

/** A signer over a key in this process. */
export function keyPairSigner(pair: P256KeyPair): Signer {
  return {
    publicKey: pair.publicKey,
    sign: async (message) => signP256Der(pair, message),
  }
}
