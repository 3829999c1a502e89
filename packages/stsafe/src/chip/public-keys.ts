import { curves, type CurvePublicKey } from '../layout/algorithm.ts'
import type { PublicKeyFlags, PublicKeySlot } from '../layout/asymmetric-key.ts'
import { Form } from '../layout/form/forms.ts'
import {
  confirmPermanent,
  requireLength,
  type CallOptions,
  type ChipContext,
  type PermanentOptions,
} from './context.ts'

/** Generic public key slots: the keys of those who may authenticate (section 3.7.7). */
export class PublicKeyService {
  readonly #context: ChipContext

  constructor(context: ChipContext) {
    this.#context = context
  }

  /** Replaces `stsafea_query_generic_public_key_slots_count`. */
  async count(options?: CallOptions): Promise<number> {
    return (await this.#context.queue.run(Form.queryPublicKeyCount, {}, options)).count
  }

  /** Replaces `stsafea_query_generic_public_key_slot_info` and `…_value`. */
  async slot(slot: number, options?: CallOptions): Promise<PublicKeySlot> {
    return this.#context.queue.run(Form.queryPublicKeySlot, { slot }, options)
  }

  /** Replaces `stse_write_generic_ecc_public_key`. */
  async write(slot: number, key: CurvePublicKey, options: PermanentOptions = {}): Promise<void> {
    requireLength('the public key', key.publicKey, curves[key.curve].publicKey)
    confirmPermanent(this.#context, `public key slot ${slot} can be written once`, options)
    await this.#context.queue.run(Form.writePublicKey, { slot, key }, options)
  }

  /** Replaces `stsafea_set_generic_public_slot_configuration_flag`. */
  async setFlags(
    slot: number,
    flags: PublicKeyFlags,
    options: PermanentOptions = {},
  ): Promise<void> {
    const what = `the flags of public key slot ${slot} can be set once`
    confirmPermanent(this.#context, what, options)
    await this.#context.queue.run(Form.putPublicKeyFlags, { slot, flags }, options)
  }
}
