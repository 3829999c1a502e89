import { concat, encodeUtf8, seededRandom } from '@keyline/bytes'
import {
  curvePublicKey,
  deterministicNonces,
  drawPrivateKey,
  publicKeyOf,
  sha256,
  signDigest,
  type CurvePublicKey,
} from '@keyline/crypto'
import {
  coseAlgorithms,
  instanceIdOf,
  signToken,
  TokenProfile,
  type TokenClaims,
} from '@keyline/eat'

/** A device with an attestation key, in place of the firmware of a board. */
export class AttestingDevice {
  readonly publicKey: CurvePublicKey
  readonly implementationId = sha256(encodeUtf8('implementation'))
  readonly #privateKey: Uint8Array

  constructor(seed: string) {
    this.#privateKey = drawPrivateKey('P-256', seededRandom(seed))
    this.publicKey = curvePublicKey('P-256', publicKeyOf('P-256', this.#privateKey))
  }

  /** `04 ‖ X ‖ Y`. */
  get point(): Uint8Array {
    return concat(Uint8Array.of(0x04), this.publicKey.octets)
  }

  /** A token over a challenge, of one application, with whatever is claimed otherwise. */
  token(challenge: Uint8Array, claims: Partial<TokenClaims> = {}): Promise<Uint8Array> {
    return signToken(
      {
        profile: TokenProfile.psa2023,
        nonce: challenge,
        instanceId: instanceIdOf(this.publicKey),
        implementationId: this.implementationId,
        clientId: -1,
        securityLifecycle: 0x3000,
        softwareComponents: [measuredApplication],
        ...claims,
      },
      {
        algorithm: coseAlgorithms.ES256,
        signDigest: (digest) =>
          signDigest({
            curve: 'P-256',
            privateKey: this.#privateKey,
            digest,
            nonces: deterministicNonces('SHA-256'),
          }),
      },
    )
  }
}

export const measuredApplication = {
  measurementType: 'App',
  measurementValue: sha256(encodeUtf8('application')),
  version: '2.0.0',
  signerId: sha256(encodeUtf8('signer')),
} as const
