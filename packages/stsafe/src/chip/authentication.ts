import { verifyDigest, verifyMessage, isWeierstrass, type CurvePublicKey } from '@keyline/crypto'
import { StsafeError } from '../errors.ts'
import { curves } from '../layout/algorithm.ts'
import { Form } from '../layout/form/forms.ts'
import { parse, parseCertificates, verifyChain } from './certificate-chain.ts'
import type { CallOptions, ChipContext } from './context.ts'
import type { EccService } from './ecc.ts'
import { stsafeRoot } from './st-root.ts'
import { decodeVerdict } from './verdict.ts'
import type { ZoneService } from './zones.ts'

export interface AuthenticationInput {
  /** Where the certificate of the part stands; 0 unless given. */
  readonly zone?: number | undefined
  /** Slot of its private key; 0 unless given. */
  readonly slot?: number | undefined
  /** DER of the root to trust; that of production parts unless given. */
  readonly root?: Uint8Array | undefined
}

export interface AuthenticDevice {
  /** DER, as it stands in the zone. */
  readonly certificate: Uint8Array
  /** Content of its serial number. */
  readonly serialNumber: Uint8Array
}

/** Who proves to the chip to own the private key behind a generic public key slot. */
export interface Entity {
  readonly slot: number
  /** Raw R ‖ S: ECDSA takes the challenge for the digest, Ed25519 for the message. The key never enters this library. */
  sign(challenge: Uint8Array): Promise<Uint8Array> | Uint8Array
}

const serialOffset = 15
const serialLength = 11
const certificateChunk = 253
/** `30 82 LL LL`: the length of the outer sequence follows its tag. */
const headLength = 4

/** Certificate of the part, and the proof that it holds the key of it (sections 6.3, 6.5 and 7.10). */
export class AuthenticationService {
  readonly #context: ChipContext
  readonly #ecc: EccService
  readonly #zones: ZoneService

  constructor(
    context: ChipContext,
    services: { readonly ecc: EccService; readonly zones: ZoneService },
  ) {
    this.#context = context
    this.#ecc = services.ecc
    this.#zones = services.zones
  }

  /** The 11 octets of the certificate's serial number. Replaces `stse_get_device_id`. */
  async deviceId(zone = 0, options?: CallOptions): Promise<Uint8Array> {
    return this.#zones.read({ zone, offset: serialOffset, length: serialLength }, options)
  }

  /** Octets of the certificate. Replaces `stse_get_device_certificate_size`. */
  async certificateSize(zone = 0, options?: CallOptions): Promise<number> {
    const [high = 0, low = 0] = await this.#zones.read({ zone, offset: 2, length: 2 }, options)
    return ((high << 8) | low) + headLength
  }

  /** Replaces `stse_get_device_certificate`. */
  async certificate(zone: number, size: number, options?: CallOptions): Promise<Uint8Array> {
    const range = { zone, offset: 0, length: size }
    return this.#zones.read(range, { ...options, chunkSize: certificateChunk })
  }

  /**
   * Reads the certificate, verifies it up to the root, and lets the chip sign a challenge with its key.
   * Replaces `stse_device_authenticate`.
   * @throws StsafeError `STSAFE_CERTIFICATE…`, `STSAFE_CHALLENGE_SIGNATURE`
   */
  async authenticate(
    { zone = 0, slot = 0, root = stsafeRoot }: AuthenticationInput = {},
    options?: CallOptions,
  ): Promise<AuthenticDevice> {
    const size = await this.certificateSize(zone, options)
    const certificate = await this.certificate(zone, size, options)
    const chain = parseCertificates(certificate)
    const key = verifyChain(parse(root), chain)
    if (key.curve === 'X25519')
      throw new StsafeError('STSAFE_CERTIFICATE', 'the key makes no signature')
    const { curve } = key
    // The private key of P-521 is longer than any digest that the chip's examples sign.
    const message = this.#context.random.bytes(Math.min(curves[curve].privateKey, 64))
    const signature = await this.#ecc.sign({ slot, curve, message }, options)
    if (!isSignedBy(key, message, signature)) {
      const text = `the signature of slot ${slot} is not by the key of the certificate`
      throw new StsafeError('STSAFE_CHALLENGE_SIGNATURE', text)
    }
    const [leaf] = chain.slice(-1)
    return { certificate, serialNumber: leaf?.serialNumber ?? new Uint8Array() }
  }

  /**
   * Lets an entity sign a challenge of the chip; false when the chip does not believe it. True opens zones that ask for an
   * entity, until the next reset. No other command comes in between: the chip knows one challenge.
   */
  async authenticateEntity(entity: Entity, { signal }: CallOptions = {}): Promise<boolean> {
    return this.#context.queue.exclusive(async (channel) => {
      const { challenge } = await channel.run(Form.generateChallenge, {}, { signal })
      const signature = await entity.sign(challenge)
      const request = { slot: entity.slot, signature }
      const { validity } = await channel.run(Form.verifyEntitySignature, request, { signal })
      return decodeVerdict('verify entity signature', validity)
    })
  }
}

/** ECDSA takes the challenge for the digest, Ed25519 for the message (section 3.7.4). */
function isSignedBy(key: CurvePublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  const { curve, octets: publicKey } = key
  return isWeierstrass(curve)
    ? verifyDigest({ curve, publicKey, digest: message, signature })
    : verifyMessage(key, { message, signature })
}
