import { Secret } from '@keyline/bytes'
import { aesCmac } from '@keyline/crypto'
import {
  confirmPermanent,
  requireLength,
  type CallOptions,
  type ChipContext,
  type PermanentOptions,
} from '../chip/context.ts'
import { requireAttributes } from '../chip/key-attributes.ts'
import { StsafeError } from '../errors.ts'
import type { SymmetricKeyControl } from '../layout/attribute.ts'
import {
  confirmationInput,
  confirmationKeyLength,
  confirmationMacLength,
  encodeKeyEnvelope,
  establishedLength,
  symmetricKeyInfo,
} from '../layout/envelope.ts'
import { Form } from '../layout/form/forms.ts'
import { keyLengthOf, type KeyInformation, type KeyTableEntry } from '../layout/symmetric-key.ts'
import { agree, authenticate, derive, withKekSession } from './agreement.ts'
import type { EstablishOptions, WrappedOptions } from './host-keys.ts'

/** Symmetric key slots: table, control fields, and every way to fill and empty them (sections 3.9.4, 5.1, 5.5, 5.6). */
export class SymmetricKeyService {
  readonly #context: ChipContext

  constructor(context: ChipContext) {
    this.#context = context
  }

  /** By slot number, nothing for an empty slot. Replaces `stse_get_symmetric_key_slots_count` and `…_table_info`. */
  async table(options?: CallOptions): Promise<readonly (KeyTableEntry | undefined)[]> {
    return this.#context.queue.run(Form.querySymmetricKeyTable, {}, options)
  }

  /**
   * One slot, nothing when it is empty. Replaces `stse_get_symmetric_key_slot_info`, with its two queries.
   * @throws StsafeError `STSAFE_ARGUMENT` for a slot that the part has not
   */
  async slot(slot: number, options?: CallOptions): Promise<KeyTableEntry | undefined> {
    const count = (await this.table(options)).length
    if (slot >= count) {
      const message = `slot ${slot} does not exist; the part has slots 0 to ${count - 1}`
      throw new StsafeError('STSAFE_ARGUMENT', message)
    }
    return (await this.table(options))[slot]
  }

  /** Replaces `stse_get_symmetric_key_slot_provisioning_ctrl_fields`. */
  async control(slot: number, options?: CallOptions): Promise<SymmetricKeyControl> {
    return this.#context.queue.run(Form.querySymmetricKeyControl, { slot }, options)
  }

  /** Replaces `stse_set_symmetric_key_slot_provisioning_ctrl_fields` and its `stsafea_put_…`. */
  async putControl(
    slot: number,
    control: SymmetricKeyControl,
    options: PermanentOptions = {},
  ): Promise<void> {
    if (!control.allowed.changeRight) {
      const what = `the control fields of slot ${slot} can never be changed again`
      confirmPermanent(this.#context, what, options)
    }
    await this.#context.queue.run(Form.putSymmetricKeyControl, { slot, control }, options)
  }

  /** Over the bus in plain. Replaces `stse_write_symmetric_key_plaintext`. */
  async write(
    information: KeyInformation,
    key: Secret,
    options: PermanentOptions = {},
  ): Promise<void> {
    this.#requireKey(information, key)
    this.#confirmLock([information], options)
    const request = { information, key: key.reveal() }
    await this.#context.queue.run(Form.writeSymmetricKeyPlaintext, request, options)
  }

  /**
   * In an envelope under a volatile KEK. Replaces `stse_write_symmetric_key_wrapped` and, with an authenticator,
   * `…_wrapped_authenticated`.
   */
  async writeWrapped(
    information: KeyInformation,
    key: Secret,
    options: WrappedOptions & PermanentOptions,
  ): Promise<void> {
    this.#requireKey(information, key)
    this.#confirmLock([information], options)
    await this.#context.queue.exclusive((channel) =>
      withKekSession(this.#context, channel, options, async (kek) => {
        using inside = new Secret(encodeKeyEnvelope({ information, key: key.reveal() }))
        const request = { envelope: kek.wrap(inside) }
        await channel.run(Form.writeSymmetricKeyWrapped, request, { signal: options.signal })
      }),
    )
  }

  /**
   * Agrees on fresh keys by ECDHE and returns them in the order of the records. Replaces `stse_establish_symmetric_key`
   * and, with an authenticator, `…_authenticated`.
   */
  async establish(
    keys: readonly KeyInformation[],
    options: EstablishOptions<readonly Secret[]> & PermanentOptions,
  ): Promise<readonly Secret[]> {
    const { curve, authenticator, onAgreed, signal } = options
    if (keys.length === 0) throw new StsafeError('STSAFE_ARGUMENT', 'no key is to be established')
    for (const key of keys) requireAttributes(key)
    this.#confirmLock(keys, options)
    return this.#context.queue.exclusive(async (channel) => {
      const agreement = await agree(this.#context, channel, curve, signal)
      const authentication = await authenticate(authenticator, agreement.keys)
      const host = { host: agreement.keys.host, authentication }
      await channel.run(Form.establishSymmetricKeys, host, { signal })
      using stream = derive(agreement.secret, symmetricKeyInfo, establishedLength(keys))
      agreement.secret.wipe()
      const octets = stream.reveal()
      const confirmationKey = octets.subarray(0, confirmationKeyLength)
      const mac = aesCmac(confirmationKey, confirmationInput(keys)).slice(0, confirmationMacLength)
      let offset = confirmationKeyLength
      const agreed = keys.map((key) => {
        const start = offset
        offset += keyLengthOf(key)
        return new Secret(octets.slice(start, offset))
      })
      await onAgreed?.(agreed)
      await channel.run(Form.confirmSymmetricKeys, { mac, keys }, { signal })
      return agreed
    })
  }

  /** Replaces `stsafea_erase_symmetric_key_slot`. The key is gone. */
  async erase(slot: number, options: PermanentOptions = {}): Promise<void> {
    confirmPermanent(this.#context, `the key of slot ${slot} is erased`, options)
    await this.#context.queue.run(Form.eraseSymmetricKeySlot, { slot }, options)
  }

  #requireKey(information: KeyInformation, key: Secret): void {
    requireAttributes(information)
    requireLength('the key', key.reveal(), keyLengthOf(information))
  }

  #confirmLock(keys: readonly KeyInformation[], options: PermanentOptions): void {
    for (const { lock, slot } of keys) {
      if (lock !== 'locked') continue
      const what = `the key of slot ${slot} can never be overwritten or erased`
      confirmPermanent(this.#context, what, options)
    }
  }
}
