import { BytesError } from './errors.ts'

/**
 * Cursor that appends to a growing buffer. `finish` returns a view of exactly what was written.
 * Numbers are written octet by octet: a `DataView` would move each small buffer off the heap, which costs far more.
 */
export class ByteWriter {
  #octets: Uint8Array<ArrayBuffer>
  #length = 0

  constructor(expectedLength = 256) {
    this.#octets = new Uint8Array(Math.max(16, expectedLength))
  }

  get length(): number {
    return this.#length
  }

  u8(value: number, field = 'u8'): this {
    return this.#bigEndian(1, value, field)
  }

  u16le(value: number, field = 'u16'): this {
    return this.#littleEndian(2, value, field)
  }

  u16be(value: number, field = 'u16'): this {
    return this.#bigEndian(2, value, field)
  }

  u32le(value: number, field = 'u32'): this {
    return this.#littleEndian(4, value, field)
  }

  u32be(value: number, field = 'u32'): this {
    return this.#bigEndian(4, value, field)
  }

  u64le(value: bigint, field = 'u64'): this {
    if (value < 0n || value > 0xffff_ffff_ffff_ffffn) {
      throw new BytesError('BYTES_RANGE', `${field} is ${value}, but must be 0 to 2^64 - 1`)
    }
    const start = this.#length
    this.#reserve(8)
    new DataView(this.#octets.buffer).setBigUint64(start, value, true)
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

  #bigEndian(width: number, value: number, field: string): this {
    const start = this.#claim(width, value, field)
    for (let index = 0; index < width; index++) {
      this.#octets[start + index] = value >>> (8 * (width - 1 - index))
    }
    return this
  }

  #littleEndian(width: number, value: number, field: string): this {
    const start = this.#claim(width, value, field)
    for (let index = 0; index < width; index++) {
      this.#octets[start + index] = value >>> (8 * index)
    }
    return this
  }

  #claim(width: number, value: number, field: string): number {
    const max = 2 ** (8 * width) - 1
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
  }
}
