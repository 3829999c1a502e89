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
  /** Asked once, at the first request. */
  readonly platform: () => AttestationPlatform
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
  #started: StartedService | undefined

  constructor(options: AttesterOptions) {
    this.#options = options
  }

  /** @throws AttestationRefusal also when the certificate is not that of the key */
  identity(): AttesterIdentity {
    const { crypto, key } = this.#options
    const { service, platform } = this.#start()
    const { status } = service.getTokenSize(anyChallengeLength, caller)
    if (status !== PsaStatus.success) throw refusal('the attestation key', status, service)
    const { buffer, length } = crypto.exportPublicKey(key.attributes.id)
    return {
      implementationId: platform.implementationId,
      publicKey: buffer.subarray(0, length),
      certificate: service.certificate() ?? new Uint8Array(),
    }
  }

  /** A token over 32, 48 or 64 octets. @throws AttestationRefusal */
  token(challenge: Uint8Array): Uint8Array {
    const { service } = this.#start()
    const { status, buffer, length } = service.getToken(challenge, caller)
    if (status === PsaStatus.success) return buffer.subarray(0, length)
    throw refusal(`a challenge of ${challenge.length} octets`, status, service)
  }

  #start(): StartedService {
    if (this.#started !== undefined) return this.#started
    this.#requireKey()
    const platform = this.#options.platform()
    const service = new InitialAttestation({ ...this.#options, platform })
    service.init()
    this.#started = { service, platform }
    return this.#started
  }

  /** Whatever container stands in the flash counts, so an imported key is imported again after each reset. */
  #requireKey(): void {
    const { crypto, key } = this.#options
    const { attributes, data } = key
    const isKept = crypto.attributes(attributes.id).status === PsaStatus.success
    if (data === undefined && isKept) return
    if (isKept) crypto.destroyKey(attributes.id)
    const { status } =
      data === undefined ? crypto.generateKey(attributes) : crypto.importKey({ attributes, data })
    if (status !== PsaStatus.success) throw refusal('the import of the key', status)
  }
}

interface StartedService {
  readonly service: InitialAttestation
  readonly platform: AttestationPlatform
}

function refusal(what: string, status: number, service?: InitialAttestation): AttestationRefusal {
  return new AttestationRefusal(service?.diagnostic ?? `${what}: ${describeStatus(status)}`)
}
