import { toHex } from '@keyline/bytes'
import {
  CborFloat,
  CborSimple,
  CborTag,
  isCborArray,
  isCborMap,
  type CborMap,
  type CborValue,
} from './value.ts'

/** Diagnostic notation (RFC 8949 section 8) on one line. */
export function cborDiagnostic(value: CborValue): string {
  return new DiagnosticPrinter(Number.POSITIVE_INFINITY).print(value)
}

/** The same, cut with `…` behind about so many characters; no longer value is turned into text for it. */
export function cborExcerpt(value: CborValue, length = 72): string {
  return new DiagnosticPrinter(length).print(value)
}

class DiagnosticPrinter {
  readonly #length: number
  #text = ''

  constructor(length: number) {
    this.#length = length
  }

  print(value: CborValue): string {
    this.#value(value)
    return this.#text.length > this.#length ? `${this.#text.slice(0, this.#length)}…` : this.#text
  }

  get #isFull(): boolean {
    return this.#text.length > this.#length
  }

  #value(value: CborValue): void {
    if (value instanceof Uint8Array) {
      this.#text += `h'${toHex(value.subarray(0, this.#length))}'`
    } else if (typeof value === 'string') {
      this.#text += JSON.stringify(value.slice(0, this.#length))
    } else if (isCborMap(value)) this.#map(value)
    else if (isCborArray(value)) this.#list(value)
    else if (value instanceof CborTag) {
      this.#text += `${value.tag}(`
      this.#value(value.value)
      this.#text += ')'
    } else if (value instanceof CborFloat) this.#text += floatText(value.value)
    else if (value instanceof CborSimple) {
      this.#text += value.value === 23 ? 'undefined' : `simple(${value.value})`
    } else this.#text += String(value)
  }

  #list(items: readonly CborValue[]): void {
    this.#text += '['
    for (const [index, item] of items.entries()) {
      if (this.#isFull) break
      if (index > 0) this.#text += ', '
      this.#value(item)
    }
    this.#text += ']'
  }

  #map(map: CborMap): void {
    this.#text += '{'
    let isFirst = true
    for (const [key, member] of map) {
      if (this.#isFull) break
      if (!isFirst) this.#text += ', '
      isFirst = false
      this.#value(key)
      this.#text += ': '
      this.#value(member)
    }
    this.#text += '}'
  }
}

/** With a point, so that it is not taken for an integer. */
function floatText(value: number): string {
  const text = Object.is(value, -0) ? '-0' : String(value)
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}
