import {
  describeStatus,
  InitialAttestation,
  PsaStatus,
  type AttestationKey,
  type AttestationPlatform,
  type CertificateSource,
  type PsaCrypto,
} from '@keyline/psa'

/** Why a board does not attest: the text goes to the host. */
export class AttestationRefusal extends Error {}

export interface AttesterOptions {
  readonly crypto: PsaCrypto
  readonly key: AttestationKey
  readonly certificate?: CertificateSource | undefined
  readonly platform: AttestationPlatform
}

/** What a line registers of a board. */
export interface AttesterIdentity {
  /** 32 octets that name part and boot ROM (decision D27). */
  readonly implementationId: Uint8Array
  /** `04 ‖ X ‖ Y`. */
  readonly publicKey: Uint8Array
  /** DER; empty where the key has no certificate. */
  readonly certificate: Uint8Array
}

/** An application of the non-secure side. */
const caller = -1
const anyChallengeLength = 32

/**
 * The attestation of one board from one reset to the next. Its key is imported or made when it is first asked for;
 * without data it is a key that the board makes itself, once in its life.
 */
export class Attester {
  readonly #options: AttesterOptions
  readonly #service: InitialAttestation
  #isKeyThere = false

  constructor(options: AttesterOptions) {
    this.#options = options
    this.#service = new InitialAttestation(options)
    this.#service.init()
  }

  /** @throws AttestationRefusal also when the certificate is not that of the key */
  identity(): AttesterIdentity {
    const { crypto, key, platform } = this.#options
    this.#requireKey()
    const { status } = this.#service.getTokenSize(anyChallengeLength, caller)
    if (status !== PsaStatus.success) throw this.#refusal('the attestation key', status)
    const { buffer, length } = crypto.exportPublicKey(key.attributes.id)
    return {
      implementationId: platform.implementationId,
      publicKey: buffer.subarray(0, length),
      certificate: this.#service.certificate() ?? new Uint8Array(),
    }
  }

  /** A token over 32, 48 or 64 octets. @throws AttestationRefusal */
  token(challenge: Uint8Array): Uint8Array {
    this.#requireKey()
    const { status, buffer, length } = this.#service.getToken(challenge, caller)
    if (status === PsaStatus.success) return buffer.subarray(0, length)
    throw this.#refusal(`a challenge of ${challenge.length} octets`, status)
  }

  /** Whatever container stands in the flash counts, so an imported key is imported again after each reset. */
  #requireKey(): void {
    if (this.#isKeyThere) return
    const { crypto, key } = this.#options
    const { attributes, data } = key
    const isKept = crypto.attributes(attributes.id).status === PsaStatus.success
    if (data !== undefined) {
      if (isKept) crypto.destroyKey(attributes.id)
      const { status } = crypto.importKey({ attributes, data })
      if (status !== PsaStatus.success) throw this.#refusal('the import of the key', status)
    } else if (!isKept) {
      const { status } = crypto.generateKey(attributes)
      if (status !== PsaStatus.success) throw this.#refusal('the attestation key', status)
    }
    this.#isKeyThere = true
  }

  #refusal(what: string, status: number): AttestationRefusal {
    return new AttestationRefusal(this.#service.diagnostic ?? `${what}: ${describeStatus(status)}`)
  }
}
