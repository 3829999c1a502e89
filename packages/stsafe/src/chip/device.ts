import { concat, type ValueOf } from '@keyline/bytes'
import { StsafeError } from '../errors.ts'
import {
  lifeCycleCodes,
  passwordLength,
  type I2cParameters,
  type LifeCycleState,
  type commandAccessRecords,
  type commandEncryptionRecords,
} from '../layout/attribute.ts'
import { Form } from '../layout/form/forms.ts'
import {
  confirmPermanent,
  requireLength,
  requireRange,
  type CallOptions,
  type ChipContext,
  type PermanentOptions,
} from './context.ts'

const maxRandom = 255

export interface PasswordVerdict {
  readonly verified: boolean
  readonly remainingTries: number
}

/** The part itself: echo, random numbers, life cycle, bus parameters, password, authorization table (section 7.3). */
export class DeviceService {
  readonly #context: ChipContext

  constructor(context: ChipContext) {
    this.#context = context
  }

  /** What the chip sends back, at most as much as was sent. Replaces `stse_device_echo`. */
  async echo(data: Uint8Array, options?: CallOptions): Promise<Uint8Array> {
    requireRange('the length of the echo', data.length, 1, 0xffff)
    const answer = await this.#context.queue.run(Form.echo, { data }, options)
    return answer.data.subarray(0, data.length)
  }

  /** Ends volatile contexts; what is stored stays. Replaces `stse_device_reset`. */
  async reset(options?: CallOptions): Promise<void> {
    await this.#context.queue.run(Form.reset, {}, options)
  }

  /** Random octets of the chip, any number, by 255 at once. Replaces `stse_generate_random`. */
  async random(size: number, options?: CallOptions): Promise<Uint8Array> {
    requireRange('the number of random octets', size, 0, 0xffff)
    const parts: Uint8Array[] = []
    for (let left = size; left > 0; left -= maxRandom) {
      const part = Math.min(left, maxRandom)
      const { random } = await this.#context.queue.run(Form.generateRandom, { size: part }, options)
      if (random.length < part) {
        const message = `the chip gave ${random.length} random octets instead of ${part}`
        throw new StsafeError('STSAFE_RESPONSE', message)
      }
      parts.push(random.subarray(0, part))
    }
    return concat(...parts)
  }

  /**
   * Replaces `stse_device_enter_hibernate` and, on any part, `stsafea_hibernate`.
   * @throws StsafeError `STSAFE_INCOMPATIBLE` on an A120, which is not made for it, unless told to send it all the same
   */
  async hibernate(
    wakeUp: 'start-or-reset' | 'reset',
    options: CallOptions & { readonly onAnyPart?: boolean | undefined } = {},
  ): Promise<void> {
    const { name, extendedCommands } = this.#context.queue.deviceType
    if (extendedCommands && options.onAnyPart !== true) {
      throw new StsafeError('STSAFE_INCOMPATIBLE', `${name} does not hibernate`)
    }
    await this.#context.queue.run(Form.hibernate, { wakeUp }, options)
  }

  /** Tag and value of each product datum. Replaces `stsafea_query_mask_id`, which keeps the first. */
  async productData(options?: CallOptions) {
    return this.#context.queue.run(Form.queryProductData, {}, options)
  }

  /** Replaces `stse_device_get_life_cycle_state`. */
  async lifeCycleState(options?: CallOptions): Promise<LifeCycleState> {
    return this.#context.queue.run(Form.queryLifeCycleState, {}, options)
  }

  /** Replaces `stsafea_put_life_cyle_state`. */
  async putLifeCycleState(
    state: 'operational' | 'operational-locked',
    options?: CallOptions,
  ): Promise<void> {
    await this.#context.queue.run(Form.putLifeCycleState, { state: lifeCycleCodes[state] }, options)
  }

  /**
   * Verifies the password, then locks the part. Replaces `stse_device_lock`.
   * @throws StsafeError `STSAFE_ARGUMENT` for a wrong password
   */
  async lock(password: Uint8Array, options?: CallOptions): Promise<void> {
    await this.#putVerified(password, 'operational-locked', options)
  }

  /** Verifies the password, then unlocks the part. Replaces `stse_device_unlock`. */
  async unlock(password: Uint8Array, options?: CallOptions): Promise<void> {
    await this.#putVerified(password, 'operational', options)
  }

  /** Replaces `stsafea_verify_password`. A wrong password costs a try. */
  async verifyPassword(password: Uint8Array, options?: CallOptions): Promise<PasswordVerdict> {
    requireLength('the password', password, passwordLength)
    const answer = await this.#context.queue.run(Form.verifyPassword, { password }, options)
    return { verified: answer.verified === 1, remainingTries: answer.remainingTries }
  }

  /** Whether there is a password, and how often it may still be wrong. */
  async passwordSlot(
    options?: CallOptions,
  ): Promise<{ readonly presence: boolean; readonly remainingTries: number }> {
    const answer = await this.#context.queue.run(Form.queryPassword, {}, options)
    return { presence: answer.presence === 1, remainingTries: answer.remainingTries }
  }

  /** Writes the password slot: 16 octets, and how often it may be wrong. */
  async putPassword(
    password: Uint8Array,
    options: CallOptions & { readonly maxTries?: number | undefined } = {},
  ): Promise<void> {
    requireLength('the password', password, passwordLength)
    const { maxTries } = options
    await this.#context.queue.run(Form.putPassword, { password, maxTries }, options)
  }

  /** Replaces `stsafea_delete_password`. */
  async deletePassword(options?: CallOptions): Promise<void> {
    await this.#context.queue.run(Form.deletePassword, {}, options)
  }

  /** Replaces `stsafea_query_i2c_parameters`. */
  async i2cParameters(options?: CallOptions): Promise<I2cParameters> {
    return this.#context.queue.run(Form.queryI2cParameters, {}, options)
  }

  /** A new address takes effect after the next reset or power cycle. Replaces `stse_put_i2c_parameters`. */
  async putI2cParameters(parameters: I2cParameters, options: PermanentOptions = {}): Promise<void> {
    requireRange('the I2C address', parameters.address.address, 0, 0x7f)
    requireRange('the idle time', parameters.power.idle, 0, 31)
    if (parameters.power.locked) {
      confirmPermanent(this.#context, 'the I2C parameters can never be changed again', options)
    }
    const { power } = parameters
    const idle = this.#context.queue.deviceType.extendedCommands ? power.idle : 0
    const request = { ...parameters, power: { ...power, idle } }
    await this.#context.queue.run(Form.putI2cParameters, request, options)
  }

  /** Replaces `stse_device_get_command_count` and `stse_device_get_command_AC_records`. */
  async commandAuthorization(options?: CallOptions) {
    return this.#context.queue.run(Form.queryCommandAuthorization, {}, options)
  }

  /** Programs the access conditions of the commands: possible once in the life of the part. */
  async putCommandAccess(
    records: ValueOf<typeof commandAccessRecords>,
    options: PermanentOptions = {},
  ): Promise<void> {
    const what = 'the access conditions of the commands can be written once and never again'
    confirmPermanent(this.#context, what, options)
    await this.#context.queue.run(Form.putCommandAccess, records, options)
  }

  /** Programs the encryption flags of the commands: possible once in the life of the part. */
  async putCommandEncryption(
    records: ValueOf<typeof commandEncryptionRecords>,
    options: PermanentOptions = {},
  ): Promise<void> {
    const what = 'the encryption flags of the commands can be written once and never again'
    confirmPermanent(this.#context, what, options)
    await this.#context.queue.run(Form.putCommandEncryption, records, options)
  }

  async #putVerified(
    password: Uint8Array,
    state: 'operational' | 'operational-locked',
    options: CallOptions | undefined,
  ): Promise<void> {
    const { verified, remainingTries } = await this.verifyPassword(password, options)
    if (!verified) {
      const message = `the password is wrong; ${remainingTries} tries are left`
      throw new StsafeError('STSAFE_ARGUMENT', message, { details: { remainingTries } })
    }
    await this.putLifeCycleState(state, options)
  }
}
