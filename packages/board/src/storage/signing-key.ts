import type { Secret } from '@keyline/bytes'

/** A key that firmware can use, whether it can read it or not. */
export interface SigningKey {
  /** `04 ‖ X ‖ Y`. */
  readonly publicKey: Uint8Array
  /** ECDSA with SHA-256: r ‖ s. */
  sign(message: Uint8Array): Uint8Array
  /** The scalar, where it is still in the memory of the firmware. */
  readonly secret?: (() => Secret) | undefined
}
