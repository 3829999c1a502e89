import { X509Error } from '../errors.ts'
import { oidText } from './oid.ts'
import { isBitString, isShortestInteger, readHeader } from './strict.ts'
import { DerTag } from './tag.ts'

/** One value as views into the input; nothing is copied. */
export interface DerElement {
  readonly tag: number
  /** Identifier, length and content. */
  readonly whole: Uint8Array
  readonly content: Uint8Array
}

/** Content of a BIT STRING. */
export interface BitString {
  /** 0 … 7 bits at the end of the last octet that do not count; they are zero. */
  readonly unusedBits: number
  readonly octets: Uint8Array
}

/**
 * Cursor over a run of DER values: definite lengths and integers in their shortest form, one-octet tags.
 * Each method names the field it reads, and throws X509Error `DER_MALFORMED` with that name and the offset.
 */
export class DerReader {
  readonly #octets: Uint8Array
  #offset = 0

  constructor(octets: Uint8Array) {
    this.#octets = octets
  }

  get isAtEnd(): boolean {
    return this.#offset >= this.#octets.length
  }

  /** True when the next value has this tag. */
  isNext(tag: number): boolean {
    return this.#octets[this.#offset] === tag
  }

  /** The next value, whatever it is. */
  any(field: string): DerElement {
    const start = this.#offset
    if (this.isAtEnd) throw this.#refusal(field, 'is missing')
    const { tag, contentStart, end } = readHeader(this.#octets, start, this.#octets.length)
    this.#offset = end
    return {
      tag,
      whole: this.#octets.subarray(start, end),
      content: this.#octets.subarray(contentStart, end),
    }
  }

  element(tag: number, field: string): DerElement {
    if (!this.isNext(tag)) {
      const found = this.isAtEnd ? 'nothing' : `tag ${hexTag(this.#octets[this.#offset])}`
      throw this.#refusal(field, `must have tag ${hexTag(tag)}, but ${found} stands there`)
    }
    return this.any(field)
  }

  /** Enters a constructed value. */
  enter(tag: number, field: string): DerReader {
    return new DerReader(this.element(tag, field).content)
  }

  sequence(field: string): DerReader {
    return this.enter(DerTag.sequence, field)
  }

  set(field: string): DerReader {
    return this.enter(DerTag.set, field)
  }

  /** Two's complement, big endian, shortest form. */
  integer(field: string): Uint8Array {
    const { content } = this.element(DerTag.integer, field)
    if (!isShortestInteger(content, 0, content.length)) {
      throw this.#refusal(field, 'is not an integer in its shortest form')
    }
    return content
  }

  /** An integer from 0 to 2^31 − 1. */
  smallInteger(field: string): number {
    const content = this.integer(field)
    const [first = 0] = content
    if (content.length > 4 || first >= 0x80) throw this.#refusal(field, 'is not a small number')
    return content.reduce((value, octet) => value * 256 + octet, 0)
  }

  boolean(field: string): boolean {
    const { content } = this.element(DerTag.boolean, field)
    if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) {
      throw this.#refusal(field, 'is not a boolean')
    }
    return content[0] === 0xff
  }

  /** Dotted form. */
  oid(field: string): string {
    return oidText(this.element(DerTag.oid, field).content, field)
  }

  octetString(field: string): Uint8Array {
    return this.element(DerTag.octetString, field).content
  }

  bitString(field: string): BitString {
    const { content } = this.element(DerTag.bitString, field)
    if (!isBitString(content, 0, content.length)) throw this.#refusal(field, 'is not a bit string')
    return { unusedBits: content[0] ?? 0, octets: content.subarray(1) }
  }

  /** Nothing may follow. */
  end(what: string): void {
    if (!this.isAtEnd) throw this.#refusal(what, 'has members behind its last one')
  }

  #refusal(field: string, what: string): X509Error {
    const offset = this.#offset
    return new X509Error('DER_MALFORMED', `${field} at ${offset} ${what}`, { details: { offset } })
  }
}

function hexTag(tag = 0): string {
  return tag.toString(16).padStart(2, '0')
}
