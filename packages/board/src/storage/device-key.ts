import { Secret, type Random } from '@keyline/bytes'
import {
  deterministicNonces,
  drawPrivateKey,
  p256PointOf,
  sha256,
  signDigest,
} from '@keyline/crypto'

/**
 * A P-256 key in the memory of a simulated board. Signatures are deterministic (RFC 6979), so that the same
 * seed replays the same octets. Not constant in time: for simulated devices only.
 */
export class DeviceKey {
  /** 65 octets, `04 ‖ X ‖ Y`. */
  readonly publicKey: Uint8Array
  readonly #scalar: Uint8Array

  /** @param scalar 32 octets, big endian, 1 … n − 1. @throws CryptoError `KEY_INVALID` */
  constructor(scalar: Uint8Array) {
    this.#scalar = Uint8Array.from(scalar)
    this.publicKey = p256PointOf(scalar)
  }

  /** Draws a scalar by rejection (FIPS 186-5 A.2.2). */
  static draw(random: Random): DeviceKey {
    return new DeviceKey(drawPrivateKey('P-256', random))
  }

  /** A copy of the scalar, 32 octets, for the storage inside the board. */
  secret(): Secret {
    return new Secret(Uint8Array.from(this.#scalar))
  }

  /** ECDSA with SHA-256: 64 octets r ‖ s. */
  sign(message: Uint8Array): Uint8Array {
    return signDigest({
      curve: 'P-256',
      privateKey: this.#scalar,
      digest: sha256(message),
      nonces: deterministicNonces('SHA-256'),
    })
  }
}
