import { decodeVerdict } from './verdict.ts'
import { StsafeError } from '../errors.ts'
import { curves, type CurveName, type CurvePublicKey } from '../layout/algorithm.ts'
import type { PrivateKeySlot, PrivateKeyTable } from '../layout/asymmetric-key.ts'
import type { EddsaVariant } from '../layout/form/asymmetric.ts'
import { Form } from '../layout/form/forms.ts'
import { requireLength, type CallOptions, type ChipContext } from './context.ts'

export interface Verification extends CurvePublicKey {
  /** Raw R ‖ S. */
  readonly signature: Uint8Array
  /** ECDSA: the digest itself; Ed25519: the message. */
  readonly message: Uint8Array
  /** Ed25519 only; pure unless given. */
  readonly variant?: EddsaVariant | undefined
}

/** Key pairs of the chip, signatures and key agreement (section 3.7). */
export class EccService {
  readonly #context: ChipContext

  constructor(context: ChipContext) {
    this.#context = context
  }

  /** Replaces `stse_get_ecc_key_slots_count` and `stse_get_ecc_key_table_info`. */
  async table(options?: CallOptions): Promise<PrivateKeyTable> {
    return this.#context.queue.run(Form.queryPrivateKeyTable, {}, options)
  }

  /**
   * Replaces `stse_get_ecc_key_slot_info`, with its two queries.
   * @throws StsafeError `STSAFE_KEY_NOT_FOUND` for a slot that is not in the table
   */
  async slot(slot: number, options?: CallOptions): Promise<PrivateKeySlot> {
    await this.table(options)
    const found = (await this.table(options)).slots.find((entry) => entry.slot === slot)
    if (found !== undefined) return found
    throw new StsafeError('STSAFE_KEY_NOT_FOUND', `the part has no private key slot ${slot}`)
  }

  /**
   * Generates a key pair in a slot and gives its raw public key. Replaces `stse_generate_ecc_key_pair`.
   * @param usageLimit signatures that the key may make; 0xFFFF without limit, 1 for the ephemeral slot 0xFF
   */
  async generateKeyPair(
    { slot, curve, usageLimit }: { slot: number; curve: CurveName; usageLimit: number },
    options?: CallOptions,
  ): Promise<Uint8Array> {
    const request = { slot, curve, usageLimit }
    const { publicKey } = await this.#context.queue.run(Form.generateKeyPair, request, options)
    return ofLength('a public key', publicKey, curve, curves[curve].publicKey)
  }

  /** An ephemeral pair for the next agreement with the chip. Replaces `stse_generate_ECDHE_key_pair`. */
  async generateEcdheKeyPair(curve: CurveName, options?: CallOptions): Promise<Uint8Array> {
    const answer = await this.#context.queue.run(Form.generateEcdheKeyPair, { curve }, options)
    if (answer.curve === curve) return answer.publicKey
    throw new StsafeError('STSAFE_RESPONSE', `the chip gave a key on ${answer.curve}, not ${curve}`)
  }

  /**
   * Raw R ‖ S over a digest as it stands (ECDSA), or over a message (Ed25519). Replaces `stse_ecc_generate_signature`.
   */
  async sign(
    { slot, curve, message }: { slot: number; curve: CurveName; message: Uint8Array },
    options?: CallOptions,
  ): Promise<Uint8Array> {
    if (curves[curve].signature === 0) {
      throw new StsafeError('STSAFE_ARGUMENT', `a key on ${curve} makes no signature`)
    }
    const request = { slot, message }
    const { signature } = await this.#context.queue.run(Form.generateSignature, request, options)
    return ofLength('a signature', signature, curve, curves[curve].signature)
  }

  /** Lets the chip verify a signature. Replaces `stse_ecc_verify_signature`. */
  async verify(input: Verification, options?: CallOptions): Promise<boolean> {
    const { curve, publicKey, signature, message, variant = 'pure' } = input
    requireLength('the public key', publicKey, curves[curve].publicKey)
    requireLength('the signature', signature, curves[curve].signature)
    const signed = { curve, publicKey, signature, message }
    const request = curves[curve].form === 'edwards' ? { ...signed, variant } : signed
    const { validity } = await this.#context.queue.run(Form.verifySignature, request, options)
    return decodeVerdict('verify signature', validity)
  }

  /** ECDH with the key of a slot: X coordinate, or u of X25519. Replaces `stse_ecc_establish_shared_secret`. */
  async sharedSecret(
    { slot, curve, publicKey }: CurvePublicKey & { readonly slot: number },
    options?: CallOptions,
  ): Promise<Uint8Array> {
    requireLength('the public key', publicKey, curves[curve].publicKey)
    if (curves[curve].sharedSecret === 0) {
      throw new StsafeError('STSAFE_ARGUMENT', `a key on ${curve} makes no shared secret`)
    }
    const { secret } = await this.#context.queue.run(
      Form.establishKey,
      { slot, publicKey },
      options,
    )
    return ofLength('a shared secret', secret, curve, curves[curve].sharedSecret)
  }

  /** Y of a point from X. Replaces `stse_ecc_decompress_public_key`. */
  async decompress(
    input: { readonly curve: CurveName; readonly point: 'even' | 'odd'; readonly x: Uint8Array },
    options?: CallOptions,
  ): Promise<Uint8Array> {
    const { coordinate } = curves[input.curve]
    requireLength('the X coordinate', input.x, coordinate)
    const { y } = await this.#context.queue.run(Form.decompressPublicKey, input, options)
    return ofLength('a coordinate', y, input.curve, coordinate)
  }

  /** 16 octets that an entity has to sign. Replaces `stsafea_generate_challenge`. */
  async generateChallenge(options?: CallOptions): Promise<Uint8Array> {
    return (await this.#context.queue.run(Form.generateChallenge, {}, options)).challenge
  }

  /** Authenticates an entity by its public key slot. Replaces `stsafea_verify_entity_signature`. */
  async verifyEntitySignature(
    { slot, signature }: { readonly slot: number; readonly signature: Uint8Array },
    options?: CallOptions,
  ): Promise<boolean> {
    const request = { slot, signature }
    const { validity } = await this.#context.queue.run(Form.verifyEntitySignature, request, options)
    return decodeVerdict('verify entity signature', validity)
  }
}

function ofLength(what: string, octets: Uint8Array, curve: CurveName, length: number): Uint8Array {
  if (octets.length === length) return octets
  const message = `the chip gave ${what} of ${octets.length} octets, but ${curve} has ${length}`
  throw new StsafeError('STSAFE_RESPONSE', message)
}
