import { concat } from '@keyline/bytes'
import { StsafeError } from '../errors.ts'
import { ccmStarted } from '../layout/form/chunked.ts'
import { Form } from '../layout/form/forms.ts'
import { ccmNonceLength, gcmEncrypted } from '../layout/form/symmetric.ts'
import { requireTagLength } from './key-attributes.ts'
import { gcmIvLength, ofLength, verifiedPlaintext } from './ciphers.ts'
import {
  requireLength,
  requireRange,
  warnOfShortTag,
  type CallOptions,
  type ChipContext,
} from './context.ts'

/** A piece of a message; all associated data stand before its first octet. */
export interface Piece {
  readonly aad?: Uint8Array | undefined
  readonly data?: Uint8Array | undefined
}

export interface CcmTotals {
  readonly slot: number
  readonly totalAad: number
  readonly totalData: number
}

/** An encryption in pieces. One at a time: a new start discards the one before. */
export interface EncryptionStream {
  /** Nonce or IV as sent. */
  readonly nonce: Uint8Array
  /** Ciphertext of the first piece. */
  readonly first: Uint8Array
  /** Value of the chip's counter, of a CCM* key with counter. */
  readonly counter?: number | undefined
  process(piece: Piece, options?: CallOptions): Promise<Uint8Array>
  finish(
    piece: Piece,
    options?: CallOptions,
  ): Promise<{ readonly ciphertext: Uint8Array; readonly tag: Uint8Array }>
}

/** A decryption in pieces. The plaintext is held back until the chip has verified the tag. */
export interface DecryptionStream {
  process(piece: Piece, options?: CallOptions): Promise<void>
  /** The whole plaintext, or nothing when the tag is wrong. */
  finish(
    piece: Piece & { readonly tag: Uint8Array },
    options?: CallOptions,
  ): Promise<Uint8Array | undefined>
}

const empty = new Uint8Array()

/** CCM* and GCM in pieces (section 3.11). The key needs its chunk usages. */
export class CipherStreamService {
  readonly #context: ChipContext
  /** The stream to which the context of the chip belongs. */
  #latest = Symbol('none')

  constructor(context: ChipContext) {
    this.#context = context
  }

  /** Replaces `stse_aes_ccm_encrypt_start`, `…_process` and `…_finish`. */
  async encryptCcm(
    input: CcmTotals &
      Piece & { readonly nonce?: Uint8Array | undefined; readonly tagLength: number },
    options?: CallOptions,
  ): Promise<EncryptionStream> {
    const { slot, totalAad, totalData, aad = empty, data = empty, tagLength } = input
    requireTagLength('CCM*', tagLength)
    warnOfShortTag(this.#context, 'CCM*', tagLength)
    const nonce = input.nonce ?? this.#context.random.bytes(ccmNonceLength)
    requireLength('the nonce', nonce, ccmNonceLength)
    const request = { slot, nonce, totalAad, totalMessage: totalData, aad, message: data }
    const response = ccmStarted(data.length)
    const own = this.#begin()
    const answer = await this.#context.queue.runAs(Form.startEncryptCcm, request, response, options)
    const stream = this.#encryption(own, { nonce, first: answer.ciphertext, tagLength })
    return { ...stream, counter: answer.counter }
  }

  /** Replaces `stse_aes_gcm_encrypt_start`, `…_process` and `…_finish`. */
  async encryptGcm(
    input: Piece & {
      readonly slot: number
      readonly iv?: Uint8Array | undefined
      readonly tagLength: number
    },
    options?: CallOptions,
  ): Promise<EncryptionStream> {
    const { slot, aad = empty, data = empty, tagLength } = input
    requireTagLength('GCM', tagLength)
    warnOfShortTag(this.#context, 'GCM', tagLength)
    const iv = input.iv ?? this.#context.random.bytes(gcmIvLength)
    requireRange('the length of the IV', iv.length, 1, 0xffff)
    const request = { slot, iv, aad, message: data }
    const own = this.#begin()
    const { ciphertext } = await this.#context.queue.run(Form.startEncryptGcm, request, options)
    const first = ofLength(ciphertext, data.length)
    return this.#encryption(own, { nonce: iv, first, tagLength })
  }

  /** Replaces `stse_aes_ccm_decrypt_start`, `…_process` and `…_finish`. The total counts no tag. */
  async decryptCcm(
    input: CcmTotals & Piece & { readonly nonce: Uint8Array },
    options?: CallOptions,
  ): Promise<DecryptionStream> {
    const { slot, nonce, totalAad, totalData, aad = empty, data = empty } = input
    requireLength('the nonce', nonce, ccmNonceLength)
    const request = { slot, nonce, totalAad, totalCiphertext: totalData, aad, ciphertext: data }
    const own = this.#begin()
    const { plaintext } = await this.#context.queue.run(Form.startDecryptCcm, request, options)
    return this.#decryption(own, 'CCM*', ofLength(plaintext, data.length))
  }

  /** Replaces `stse_aes_gcm_decrypt_start`, `…_process` and `…_finish`. */
  async decryptGcm(
    input: Piece & { readonly slot: number; readonly iv: Uint8Array },
    options?: CallOptions,
  ): Promise<DecryptionStream> {
    const { slot, iv, aad = empty, data = empty } = input
    requireRange('the length of the IV', iv.length, 1, 0xffff)
    const request = { slot, iv, aad, ciphertext: data }
    const own = this.#begin()
    const { plaintext } = await this.#context.queue.run(Form.startDecryptGcm, request, options)
    return this.#decryption(own, 'GCM', ofLength(plaintext, data.length))
  }

  /** From the request on: whether or not the chip takes it, the stream before it can no longer be relied on. */
  #begin(): symbol {
    this.#latest = Symbol('stream')
    return this.#latest
  }

  /** @throws StsafeError `STSAFE_ARGUMENT` for a stream that is over, whose pieces would go to another one */
  #require(own: symbol): void {
    if (this.#latest === own) return
    const message = 'the stream is over: it was finished, or another one has begun'
    throw new StsafeError('STSAFE_ARGUMENT', message)
  }

  #end(own: symbol): void {
    this.#require(own)
    this.#latest = Symbol('none')
  }

  #encryption(
    own: symbol,
    { nonce, first, tagLength }: Pick<EncryptionStream, 'nonce' | 'first'> & { tagLength: number },
  ): EncryptionStream {
    const { queue } = this.#context
    return {
      nonce,
      first,
      process: async ({ aad = empty, data = empty }, options) => {
        this.#require(own)
        const request = { aad, message: data }
        const { ciphertext } = await queue.run(Form.processEncrypt, request, options)
        return ofLength(ciphertext, data.length)
      },
      finish: async ({ aad = empty, data = empty }, options) => {
        this.#end(own)
        const response = gcmEncrypted(data.length, tagLength)
        return queue.runAs(Form.finishEncrypt, { aad, message: data }, response, options)
      },
    }
  }

  #decryption(own: symbol, mode: 'CCM*' | 'GCM', first: Uint8Array): DecryptionStream {
    const { queue } = this.#context
    const held = [first]
    return {
      process: async ({ aad = empty, data = empty }, options) => {
        this.#require(own)
        const request = { aad, ciphertext: data }
        const { plaintext } = await queue.run(Form.processDecrypt, request, options)
        held.push(ofLength(plaintext, data.length))
      },
      finish: async ({ aad = empty, data = empty, tag }, options) => {
        requireTagLength(mode, tag.length)
        this.#end(own)
        warnOfShortTag(this.#context, mode, tag.length)
        const request = { aad, ciphertext: data, tag }
        const answer = await queue.run(Form.finishDecrypt, request, options)
        const last = verifiedPlaintext(answer, data.length)
        return last && concat(...held, last)
      },
    }
  }
}
