import { encodeUtf8 } from '@keyline/bytes'
import { StsafeError } from '../errors.ts'
import {
  derivedOutputs,
  maxDeriveOutputs,
  type DeriveInput,
  type DeriveOutput,
  type DeriveRequest,
  type DerivedOutput,
} from '../layout/form/derive.ts'
import { Form } from '../layout/form/forms.ts'
import type { DerivedKeyInformation } from '../layout/symmetric-key.ts'
import { requireAttributes } from './key-attributes.ts'
import { requireRange, type CallOptions, type ChipContext } from './context.ts'

export interface Derivation {
  /** Key in a slot, or carried by the command. */
  readonly input: DeriveInput
  /** Empty for none. */
  readonly salt: Uint8Array
  readonly info: Uint8Array
}

const sessionKeyLength = 16

/** HKDF-SHA-256 inside the chip (sections 3.13 and 7.9). */
export class DerivationService {
  readonly #context: ChipContext

  constructor(context: ChipContext) {
    this.#context = context
  }

  /** Extract and expand to the host. Replaces `stse_derive_key`, `…_simple` (empty salt) and `…_from_ikm`. */
  async derive(
    { input, salt, info }: Derivation,
    length: number,
    options?: CallOptions,
  ): Promise<Uint8Array> {
    const outputs = [{ to: 'response', length }] as const
    const extract = { salt: { key: salt } }
    return keyOf(await this.#run({ input, extract, expand: { info, outputs } }, options))
  }

  /** The slot that took the extracted key. Replaces `stse_derive_key_extract`. */
  async extract(input: DeriveInput, salt: Uint8Array, options?: CallOptions): Promise<number> {
    return slotOf(await this.#run({ input, extract: { salt: { key: salt } } }, options))
  }

  /** Replaces `stse_derive_key_expand`. */
  async expand(
    slot: number,
    { info, length }: { readonly info: Uint8Array; readonly length: number },
    options?: CallOptions,
  ): Promise<Uint8Array> {
    const outputs = [{ to: 'response', length }] as const
    return keyOf(await this.#run({ input: { slot }, expand: { info, outputs } }, options))
  }

  /** One stream, cut in the order of the lengths. Replaces `stse_derive_key_expand_multiple`. */
  async expandMultiple(
    slot: number,
    { info, lengths }: { readonly info: Uint8Array; readonly lengths: readonly number[] },
    options?: CallOptions,
  ): Promise<readonly Uint8Array[]> {
    const outputs = lengths.map((length): DeriveOutput => ({ to: 'response', length }))
    const derived = await this.#run({ input: { slot }, expand: { info, outputs } }, options)
    return derived.map((one) => keyOf([one]))
  }

  /** The slot that took the derived key. Replaces `stse_derive_key_to_slot`. */
  async deriveToSlot(
    { input, salt, info }: Derivation,
    key: DerivedKeyInformation,
    options?: CallOptions,
  ): Promise<number> {
    requireAttributes(key)
    const outputs = [{ to: 'slot', key }] as const
    const extract = { salt: { key: salt } }
    return slotOf(await this.#run({ input, extract, expand: { info, outputs } }, options))
  }

  /** Encryption and MAC key of a numbered session. Replaces `stse_derive_session_keys`. */
  async sessionKeys(
    slot: number,
    sessionId: number,
    options?: CallOptions,
  ): Promise<{ readonly encryptionKey: Uint8Array; readonly macKey: Uint8Array }> {
    const salt = new Uint8Array(4)
    requireRange('the session id', sessionId, 0, 0xffff_ffff)
    new DataView(salt.buffer).setUint32(0, sessionId, false)
    const extracted = await this.extract({ slot }, salt, options)
    const expand = (label: string): Promise<Uint8Array> =>
      this.expand(extracted, { info: encodeUtf8(label), length: sessionKeyLength }, options)
    return { encryptionKey: await expand('ENC'), macKey: await expand('MAC') }
  }

  /** Any derivation that the command can express. */
  async run(
    request: Omit<DeriveRequest, 'hash'>,
    options?: CallOptions,
  ): Promise<readonly DerivedOutput[]> {
    return this.#run(request, options)
  }

  async #run(
    request: Omit<DeriveRequest, 'hash'>,
    options: CallOptions | undefined,
  ): Promise<readonly DerivedOutput[]> {
    const { outputs } = request.expand ?? { outputs: undefined }
    if (outputs !== undefined) {
      requireRange('the number of derived keys', outputs.length, 1, maxDeriveOutputs)
    }
    const whole: DeriveRequest = { ...request, hash: 'SHA-256' }
    return this.#context.queue.runAs(Form.deriveKeys, whole, derivedOutputs(whole), options)
  }
}

function keyOf([first]: readonly DerivedOutput[]): Uint8Array {
  if (first !== undefined && 'key' in first) return first.key
  throw new StsafeError('STSAFE_RESPONSE', 'the chip gave no derived key')
}

function slotOf([first]: readonly DerivedOutput[]): number {
  if (first !== undefined && 'slot' in first) return first.slot
  throw new StsafeError('STSAFE_RESPONSE', 'the chip named no slot')
}
