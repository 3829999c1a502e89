import { StsafeError } from '../errors.ts'
import { Form } from '../layout/form/forms.ts'
import { requireRange, type CallOptions, type ChipContext } from './context.ts'

const added = 8

/** Local envelopes: AES key wrap under a key that never leaves the chip (section 3.12). */
export class EnvelopeService {
  readonly #context: ChipContext

  constructor(context: ChipContext) {
    this.#context = context
  }

  /** Slots, whether they hold a key, and its size. */
  async table(options?: CallOptions) {
    return this.#context.queue.run(Form.queryLocalEnvelopeTable, {}, options)
  }

  /** Replaces `stsafea_generate_wrap_unwrap_key`. A used slot is refused with `CHIP_ACCESS_DENIED`. */
  async generateKey(
    slot: number,
    type: 'AES-128' | 'AES-256',
    options?: CallOptions,
  ): Promise<void> {
    await this.#context.queue.run(Form.generateLocalEnvelopeKey, { slot, type }, options)
  }

  /** 1 to 480 octets; the chip takes multiples of 8 from 16 on. Replaces `stsafea_wrap_payload`. */
  async wrap(slot: number, payload: Uint8Array, options?: CallOptions): Promise<Uint8Array> {
    requireRange('the length of the payload', payload.length, 1, 480)
    const request = { slot, payload }
    const { wrapped } = await this.#context.queue.run(Form.wrapLocalEnvelope, request, options)
    return ofLength(wrapped, payload.length + added)
  }

  /** 8 to 488 octets. Replaces `stsafea_unwrap_payload`. */
  async unwrap(slot: number, wrapped: Uint8Array, options?: CallOptions): Promise<Uint8Array> {
    requireRange('the length of the envelope', wrapped.length, 8, 488)
    const request = { slot, wrapped }
    const { payload } = await this.#context.queue.run(Form.unwrapLocalEnvelope, request, options)
    return ofLength(payload, wrapped.length - added)
  }
}

function ofLength(octets: Uint8Array, length: number): Uint8Array {
  if (octets.length === length) return octets
  const message = `the chip gave ${octets.length} octets instead of ${length}`
  throw new StsafeError('STSAFE_RESPONSE', message)
}
