import { StsafeError } from '../errors.ts'
import { Form } from '../layout/form/forms.ts'
import { ccmEncrypted, ccmNonceLength, gcmEncrypted } from '../layout/form/symmetric.ts'
import {
  requireLength,
  requireRange,
  warnOfShortTag,
  type CallOptions,
  type ChipContext,
} from './context.ts'
import { requireTagLength } from './key-attributes.ts'
import { decodeVerdict } from './verdict.ts'

export const gcmIvLength = 12

export interface CcmEncryption {
  readonly slot: number
  /** 13 octets; drawn when left out. */
  readonly nonce?: Uint8Array | undefined
  readonly aad?: Uint8Array | undefined
  readonly plaintext: Uint8Array
  /** That of the key: it is not transmitted. */
  readonly tagLength: number
}

export interface CcmEncrypted {
  /** As sent. */
  readonly nonce: Uint8Array
  readonly ciphertext: Uint8Array
  readonly tag: Uint8Array
  /** Of a key with counter: these four octets, big endian, replaced the nonce at the offset of the key. */
  readonly counter?: number | undefined
}

export interface GcmEncryption extends Omit<CcmEncryption, 'nonce'> {
  /** At least one octet; 12 are drawn when left out. */
  readonly iv?: Uint8Array | undefined
}

export interface GcmEncrypted {
  /** As sent. */
  readonly iv: Uint8Array
  readonly ciphertext: Uint8Array
  readonly tag: Uint8Array
}

export interface AeadDecryption {
  readonly slot: number
  readonly aad?: Uint8Array | undefined
  readonly ciphertext: Uint8Array
  readonly tag: Uint8Array
}

const empty = new Uint8Array()

/** ECB, CCM*, GCM and GMAC in one command, with the key of a slot (section 3.10). */
export class CipherService {
  readonly #context: ChipContext

  constructor(context: ChipContext) {
    this.#context = context
  }

  /** Whole blocks of 16 octets. Replaces `stse_aes_ecb_encrypt`. */
  async encryptEcb(
    slot: number,
    plaintext: Uint8Array,
    options?: CallOptions,
  ): Promise<Uint8Array> {
    requireBlocks(plaintext)
    const request = { slot, message: plaintext }
    const { ciphertext } = await this.#context.queue.run(Form.encryptEcb, request, options)
    return ofLength(ciphertext, plaintext.length)
  }

  /** Replaces `stse_aes_ecb_decrypt`. */
  async decryptEcb(
    slot: number,
    ciphertext: Uint8Array,
    options?: CallOptions,
  ): Promise<Uint8Array> {
    requireBlocks(ciphertext)
    const { plaintext } = await this.#context.queue.run(
      Form.decryptEcb,
      { slot, ciphertext },
      options,
    )
    return ofLength(plaintext, ciphertext.length)
  }

  /** Replaces `stse_aes_ccm_encrypt`. */
  async encryptCcm(input: CcmEncryption, options?: CallOptions): Promise<CcmEncrypted> {
    const { slot, aad = empty, plaintext, tagLength } = input
    requireTagLength('CCM*', tagLength)
    warnOfShortTag(this.#context, 'CCM*', tagLength)
    const nonce = input.nonce ?? this.#context.random.bytes(ccmNonceLength)
    requireLength('the nonce', nonce, ccmNonceLength)
    const request = { slot, nonce, aad, message: plaintext }
    const response = ccmEncrypted(plaintext.length, tagLength)
    const answer = await this.#context.queue.runAs(Form.encryptCcm, request, response, options)
    return { nonce, ...answer }
  }

  /** Nothing when the tag is wrong. Replaces `stse_aes_ccm_decrypt`. */
  async decryptCcm(
    { slot, nonce, aad = empty, ciphertext, tag }: AeadDecryption & { readonly nonce: Uint8Array },
    options?: CallOptions,
  ): Promise<Uint8Array | undefined> {
    requireLength('the nonce', nonce, ccmNonceLength)
    requireTagLength('CCM*', tag.length)
    warnOfShortTag(this.#context, 'CCM*', tag.length)
    const whole = new Uint8Array(ciphertext.length + tag.length)
    whole.set(ciphertext)
    whole.set(tag, ciphertext.length)
    const request = { slot, nonce, aad, ciphertext: whole }
    const answer = await this.#context.queue.run(Form.decryptCcm, request, options)
    return verifiedPlaintext(answer, ciphertext.length)
  }

  /** Replaces `stse_aes_gcm_encrypt`. */
  async encryptGcm(input: GcmEncryption, options?: CallOptions): Promise<GcmEncrypted> {
    const { slot, aad = empty, plaintext, tagLength } = input
    requireTagLength('GCM', tagLength)
    warnOfShortTag(this.#context, 'GCM', tagLength)
    const iv = input.iv ?? this.#context.random.bytes(gcmIvLength)
    requireRange('the length of the IV', iv.length, 1, 0xffff)
    const request = { slot, iv, aad, message: plaintext }
    const response = gcmEncrypted(plaintext.length, tagLength)
    return { iv, ...(await this.#context.queue.runAs(Form.encryptGcm, request, response, options)) }
  }

  /** Nothing when the tag is wrong. Replaces `stse_aes_gcm_decrypt`. */
  async decryptGcm(
    { slot, iv, aad = empty, ciphertext, tag }: AeadDecryption & { readonly iv: Uint8Array },
    options?: CallOptions,
  ): Promise<Uint8Array | undefined> {
    requireRange('the length of the IV', iv.length, 1, 0xffff)
    requireTagLength('GCM', tag.length)
    warnOfShortTag(this.#context, 'GCM', tag.length)
    const request = { slot, iv, aad, ciphertext, tag }
    const answer = await this.#context.queue.run(Form.decryptGcm, request, options)
    return verifiedPlaintext(answer, ciphertext.length)
  }

  /** GCM without a message. Replaces `stse_aes_gmac_compute`. */
  async computeGmac(
    input: Omit<GcmEncryption, 'plaintext'>,
    options?: CallOptions,
  ): Promise<{ readonly iv: Uint8Array; readonly tag: Uint8Array }> {
    const { iv, tag } = await this.encryptGcm({ ...input, plaintext: empty }, options)
    return { iv, tag }
  }

  /** Replaces `stse_aes_gmac_verify`. */
  async verifyGmac(
    input: Omit<AeadDecryption, 'ciphertext'> & { readonly iv: Uint8Array },
    options?: CallOptions,
  ): Promise<boolean> {
    return (await this.decryptGcm({ ...input, ciphertext: empty }, options)) !== undefined
  }
}

/** @throws StsafeError `STSAFE_RESPONSE` when verdict and plaintext do not belong together */
export function verifiedPlaintext(
  { verification, plaintext }: { readonly verification: number; readonly plaintext: Uint8Array },
  length: number,
): Uint8Array | undefined {
  if (!decodeVerdict('decrypt', verification)) return undefined
  return ofLength(plaintext, length)
}

function requireBlocks(octets: Uint8Array): void {
  if (octets.length > 0 && octets.length % 16 === 0) return
  const message = `ECB takes whole blocks of 16 octets, not ${octets.length}`
  throw new StsafeError('STSAFE_ARGUMENT', message)
}

export function ofLength(octets: Uint8Array, length: number): Uint8Array {
  if (octets.length === length) return octets
  const message = `the chip gave ${octets.length} octets instead of ${length}`
  throw new StsafeError('STSAFE_RESPONSE', message)
}
