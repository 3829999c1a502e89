import { BytesError } from './errors.ts'

/**
 * Cursor over octets. Bounds are checked before each read; an error names the field and the offset.
 * Views are returned, not copies.
 */
export class ByteReader {
  readonly #octets: Uint8Array
  readonly #view: DataView
  #offset = 0

  constructor(octets: Uint8Array) {
    this.#octets = octets
    this.#view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
  }

  get offset(): number {
    return this.#offset
  }

  get remaining(): number {
    return this.#octets.length - this.#offset
  }

  u8(field: string): number {
    return this.#view.getUint8(this.#advance(1, field))
  }

  u16le(field: string): number {
    return this.#view.getUint16(this.#advance(2, field), true)
  }

  u16be(field: string): number {
    return this.#view.getUint16(this.#advance(2, field), false)
  }

  u32le(field: string): number {
    return this.#view.getUint32(this.#advance(4, field), true)
  }

  u32be(field: string): number {
    return this.#view.getUint32(this.#advance(4, field), false)
  }

  u64le(field: string): bigint {
    return this.#view.getBigUint64(this.#advance(8, field), true)
  }

  octets(length: number, field: string): Uint8Array {
    const start = this.#advance(length, field)
    return this.#octets.subarray(start, start + length)
  }

  rest(): Uint8Array {
    return this.octets(this.remaining, 'rest')
  }

  /** @throws BytesError `BYTES_TRAILING` when octets are left. */
  end(what: string): void {
    if (this.remaining > 0) {
      const message = `${what} ends at ${this.#offset}, but ${this.remaining} octets follow`
      throw new BytesError('BYTES_TRAILING', message, { details: { offset: this.#offset } })
    }
  }

  #advance(length: number, field: string): number {
    const start = this.#offset
    if (!(length >= 0 && length <= this.remaining && Number.isInteger(length))) {
      throw this.#refusal(length, field)
    }
    this.#offset = start + length
    return start
  }

  #refusal(length: number, field: string): BytesError {
    const offset = this.#offset
    if (!Number.isSafeInteger(length) || length < 0) {
      return new BytesError('BYTES_RANGE', `${field} at ${offset}: ${length} is no length`)
    }
    if (this.#octets.length === 0) {
      return new BytesError(
        'BYTES_EMPTY',
        `${field}: expected ${length} octets, the input is empty`,
      )
    }
    const message = `${field} at ${offset}: expected ${length} octets, ${this.remaining} are left`
    return new BytesError('BYTES_CUT', message, { details: { offset } })
  }
}
