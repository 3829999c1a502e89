import { BytesError } from './errors.ts'

/** Cursor that appends to a growing buffer. `finish` returns a view of exactly what was written. */
export class ByteWriter {
  #octets: Uint8Array<ArrayBuffer>
  #view: DataView
  #length = 0

  constructor(expectedLength = 256) {
    this.#octets = new Uint8Array(Math.max(16, expectedLength))
    this.#view = new DataView(this.#octets.buffer)
  }

  get length(): number {
    return this.#length
  }

  u8(value: number, field = 'u8'): this {
    const start = this.#claim(1, value, 0xff, field)
    this.#view.setUint8(start, value)
    return this
  }

  u16le(value: number, field = 'u16'): this {
    const start = this.#claim(2, value, 0xffff, field)
    this.#view.setUint16(start, value, true)
    return this
  }

  u16be(value: number, field = 'u16'): this {
    const start = this.#claim(2, value, 0xffff, field)
    this.#view.setUint16(start, value, false)
    return this
  }

  u32le(value: number, field = 'u32'): this {
    const start = this.#claim(4, value, 0xffff_ffff, field)
    this.#view.setUint32(start, value, true)
    return this
  }

  u32be(value: number, field = 'u32'): this {
    const start = this.#claim(4, value, 0xffff_ffff, field)
    this.#view.setUint32(start, value, false)
    return this
  }

  u64le(value: bigint, field = 'u64'): this {
    if (value < 0n || value > 0xffff_ffff_ffff_ffffn) {
      throw new BytesError('BYTES_RANGE', `${field} is ${value}, but must be 0 to 2^64 - 1`)
    }
    const start = this.#length
    this.#reserve(8)
    this.#view.setBigUint64(start, value, true)
    return this
  }

  octets(value: Uint8Array): this {
    const start = this.#length
    this.#reserve(value.length)
    this.#octets.set(value, start)
    return this
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#octets.subarray(0, this.#length)
  }

  #claim(width: number, value: number, max: number, field: string): number {
    if (!Number.isInteger(value) || value < 0 || value > max) {
      throw new BytesError('BYTES_RANGE', `${field} is ${value}, but must be 0 to ${max}`)
    }
    const start = this.#length
    this.#reserve(width)
    return start
  }

  #reserve(width: number): void {
    this.#length += width
    if (this.#length <= this.#octets.length) return
    const grown = new Uint8Array(Math.max(this.#length, this.#octets.length * 2))
    grown.set(this.#octets)
    this.#octets = grown
    this.#view = new DataView(grown.buffer)
  }
}
