import { StsafeError } from '../errors.ts'
import { Form } from '../layout/form/forms.ts'
import { requireRange, type CallOptions, type ChipContext } from './context.ts'
import { decodeVerdict } from './verdict.ts'

/** CMAC and HMAC-SHA-256 with a symmetric key; the mode of the key decides which (section 3.9). */
export class MacService {
  readonly #context: ChipContext

  constructor(context: ChipContext) {
    this.#context = context
  }

  /** The leading octets of the MAC. Replaces `stse_cmac_hmac_compute`. */
  async compute(
    { slot, message, length }: { slot: number; message: Uint8Array; length: number },
    options?: CallOptions,
  ): Promise<Uint8Array> {
    requireRange('the length of the MAC', length, 1, 32)
    const request = { slot, macLength: length, message }
    const { mac } = await this.#context.queue.run(Form.generateMac, request, options)
    if (mac.length === length) return mac
    const text = `the chip gave a MAC of ${mac.length} octets instead of ${length}`
    throw new StsafeError('STSAFE_RESPONSE', text)
  }

  /** Lets the chip verify a MAC. Replaces `stse_cmac_hmac_verify`. */
  async verify(
    { slot, message, mac }: { slot: number; message: Uint8Array; mac: Uint8Array },
    options?: CallOptions,
  ): Promise<boolean> {
    requireRange('the length of the MAC', mac.length, 1, 32)
    const { result } = await this.#context.queue.run(
      Form.verifyMac,
      { slot, message, mac },
      options,
    )
    return decodeVerdict('verify MAC', result)
  }
}
