import { X509Error } from '../errors.ts'
import { oidText } from './oid.ts'
import { contentStart, isBitString, isShortestInteger, valueEnd } from './strict.ts'
import { DerTag } from './tag.ts'
import { readTime } from './time.ts'

/** One value; its content is a view into the input. */
export interface DerElement {
  readonly tag: number
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
 * A view is made only of what is asked for: entering, skipping and reading numbers make none.
 */
export class DerReader {
  readonly #octets: Uint8Array
  readonly #end: number
  #offset: number

  /** Reads the octets from `start` up to `end`. */
  constructor(octets: Uint8Array, start = 0, end = octets.length) {
    this.#octets = octets
    this.#offset = start
    this.#end = end
  }

  get isAtEnd(): boolean {
    return this.#offset >= this.#end
  }

  /** True when the next value has this tag. */
  isNext(tag: number): boolean {
    return !this.isAtEnd && this.#octets[this.#offset] === tag
  }

  /** The next value, whatever it is. */
  any(field: string): DerElement {
    const offset = this.#offset
    const start = this.#advance(field)
    return {
      tag: this.#octets[offset] ?? 0,
      content: this.#octets.subarray(start, this.#offset),
    }
  }

  /** Passes over the next value, which must have the tag when one is given. */
  skip(field: string, tag?: number): void {
    if (tag === undefined) this.#advance(field)
    else this.#expect(tag, field)
  }

  /** The whole next value, identifier and length included. */
  whole(field: string, tag?: number): Uint8Array {
    const start = this.#offset
    this.skip(field, tag)
    return this.#octets.subarray(start, this.#offset)
  }

  /** The content of the next value. */
  content(tag: number, field: string): Uint8Array {
    const start = this.#expect(tag, field)
    return this.#octets.subarray(start, this.#offset)
  }

  /** Enters a constructed value. */
  enter(tag: number, field: string): DerReader {
    const start = this.#expect(tag, field)
    return new DerReader(this.#octets, start, this.#offset)
  }

  sequence(field: string): DerReader {
    return this.enter(DerTag.sequence, field)
  }

  set(field: string): DerReader {
    return this.enter(DerTag.set, field)
  }

  /** Two's complement, big endian, shortest form. */
  integer(field: string): Uint8Array {
    const start = this.#expect(DerTag.integer, field)
    if (!isShortestInteger(this.#octets, start, this.#offset)) {
      throw this.#refusal(field, 'is not an integer in its shortest form')
    }
    return this.#octets.subarray(start, this.#offset)
  }

  /** An integer from 0 to 2^31 − 1. */
  smallInteger(field: string): number {
    const content = this.integer(field)
    const [first = 0] = content
    if (content.length > 4 || first >= 0x80) throw this.#refusal(field, 'is not a small number')
    return content.reduce((value, octet) => value * 256 + octet, 0)
  }

  boolean(field: string): boolean {
    const start = this.#expect(DerTag.boolean, field)
    const value = this.#octets[start]
    if (this.#offset - start !== 1 || (value !== 0 && value !== 0xff)) {
      throw this.#refusal(field, 'is not a boolean')
    }
    return value === 0xff
  }

  /** Dotted form. */
  oid(field: string): string {
    const start = this.#expect(DerTag.oid, field)
    return oidText(this.#octets, start, this.#offset, field)
  }

  /** UTCTime through 2049, GeneralizedTime otherwise. @throws X509Error `TIME_MALFORMED` */
  time(field: string): Date {
    const tag = this.#octets[this.#offset] ?? 0
    const start = this.#advance(field)
    return readTime(this.#octets, { tag, start, end: this.#offset }, field)
  }

  octetString(field: string): Uint8Array {
    return this.content(DerTag.octetString, field)
  }

  bitString(field: string): BitString {
    const start = this.#expect(DerTag.bitString, field)
    if (!isBitString(this.#octets, start, this.#offset)) {
      throw this.#refusal(field, 'is not a bit string')
    }
    return {
      unusedBits: this.#octets[start] ?? 0,
      octets: this.#octets.subarray(start + 1, this.#offset),
    }
  }

  /** Nothing may follow. */
  end(what: string): void {
    if (!this.isAtEnd) throw this.#refusal(what, 'has members behind its last one')
  }

  /** Passes over the next value, which must have the tag; its content starts at the result and ends at the offset. */
  #expect(tag: number, field: string): number {
    if (this.isNext(tag)) return this.#advance(field)
    const found = this.isAtEnd ? 'nothing' : `tag ${hexTag(this.#octets[this.#offset])}`
    throw this.#refusal(field, `must have tag ${hexTag(tag)}, but ${found} stands there`)
  }

  /** Passes over the next value, whatever it is. @see #expect */
  #advance(field: string): number {
    if (this.isAtEnd) throw this.#refusal(field, 'is missing')
    const start = contentStart(this.#octets, this.#offset)
    this.#offset = valueEnd(this.#octets, this.#offset, this.#end)
    return start
  }

  #refusal(field: string, what: string): X509Error {
    const offset = this.#offset
    return new X509Error('DER_MALFORMED', `${field} at ${offset} ${what}`, { details: { offset } })
  }
}

function hexTag(tag = 0): string {
  return tag.toString(16).padStart(2, '0')
}
