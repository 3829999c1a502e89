import type { PsaCrypto } from '@keyline/psa'
import {
  describeStatus,
  InitialAttestation,
  PsaStatus,
  type AttestationKey,
  type AttestationPlatform,
  type CertificateSource,
} from '@keyline/psa'

/** Why a board does not attest: the text goes to the host. */
export class AttestationRefusal extends Error {}

export interface AttesterOptions {
  readonly crypto: PsaCrypto
  readonly key: AttestationKey
  /** True: a key that is not in the store is made there, when it is first asked for. */
  readonly makesKey?: boolean | undefined
  readonly certificate?: CertificateSource | undefined
  readonly platform: AttestationPlatform
}

/** An application of the non-secure side. */
const caller = -1

/** The attestation of one board from one reset to the next: its key, and tokens signed with it. */
export class Attester {
  readonly #options: AttesterOptions
  readonly #service: InitialAttestation

  constructor(options: AttesterOptions) {
    const { crypto, key, certificate, platform } = options
    this.#options = options
    this.#service = new InitialAttestation({ crypto, key, certificate, platform })
    this.#service.init()
  }

  /** 32 octets that name part and boot ROM (decision D27). */
  get implementationId(): Uint8Array {
    return this.#options.platform.implementationId
  }

  /** `04 ‖ X ‖ Y`. @throws AttestationRefusal */
  publicKey(): Uint8Array {
    const { crypto, key } = this.#options
    this.#requireKey()
    const { status, buffer, length } = crypto.exportPublicKey(key.attributes.id)
    if (status !== PsaStatus.success) throw refusal('the attestation key', status)
    return buffer.subarray(0, length)
  }

  /** DER; empty where the key has no certificate. */
  certificate(): Uint8Array {
    return this.#service.certificate() ?? new Uint8Array()
  }

  /** A token over 32, 48 or 64 octets. @throws AttestationRefusal */
  token(challenge: Uint8Array): Uint8Array {
    this.#requireKey()
    const { status, buffer, length } = this.#service.getToken(challenge, caller)
    if (status === PsaStatus.success) return buffer.subarray(0, length)
    if (this.#service.diagnostic !== undefined) {
      throw new AttestationRefusal(this.#service.diagnostic)
    }
    throw refusal(`a challenge of ${challenge.length} octets`, status)
  }

  /** Has the key in the store: imported, or made there. */
  #requireKey(): void {
    const { crypto, key, makesKey = false } = this.#options
    const { attributes, data } = key
    if (crypto.attributes(attributes.id).status !== PsaStatus.invalidHandle) return
    if (makesKey) crypto.generateKey(attributes)
    else if (data !== undefined) {
      const { status } = crypto.importKey({ attributes, data })
      if (status !== PsaStatus.success) throw refusal('the import of the wrapped key', status)
    }
  }
}

function refusal(what: string, status: number): AttestationRefusal {
  return new AttestationRefusal(`${what}: ${describeStatus(status)}`)
}
