import { BytesError } from './errors.ts'

const ascii = new TextDecoder()
const equalsSign = 0x3d

interface Alphabet {
  /** The 64 characters in ASCII. */
  readonly codes: Uint8Array
  /** Value of each ASCII character; 255 where it is not in the alphabet. */
  readonly values: Uint8Array
}

const shared = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const standard = alphabet(`${shared}+/`)
const urlSafe = alphabet(`${shared}-_`)

/** Base64 with padding (RFC 4648 section 4). */
export function toBase64(octets: Uint8Array): string {
  return ascii.decode(encode(octets, standard).fill(equalsSign, digitsOf(octets)))
}

/** Canonical padded base64: exact padding, unused bits zero. @throws BytesError `BYTES_TEXT` */
export function fromBase64(text: string, what = 'base64 text'): Uint8Array<ArrayBuffer> {
  if (text.length % 4 !== 0) {
    throw new BytesError('BYTES_TEXT', `${what} has ${text.length} characters, not a multiple of 4`)
  }
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  return decode(text, text.length - padding, standard, what)
}

/** Base64url without padding (RFC 4648 section 5). */
export function toBase64url(octets: Uint8Array): string {
  return ascii.decode(encode(octets, urlSafe).subarray(0, digitsOf(octets)))
}

/** Canonical base64url: no padding, unused bits zero. @throws BytesError `BYTES_TEXT` */
export function fromBase64url(text: string, what = 'base64url text'): Uint8Array<ArrayBuffer> {
  return decode(text, text.length, urlSafe, what)
}

function alphabet(characters: string): Alphabet {
  const codes = new TextEncoder().encode(characters)
  const values = new Uint8Array(128).fill(0xff)
  for (const [value, code] of codes.entries()) values[code] = value
  return { codes, values }
}

/** Digits that carry the octets, without padding. */
function digitsOf(octets: Uint8Array): number {
  return Math.ceil((octets.length * 4) / 3)
}

/** Four digits for each started group of three octets. */
function encode(octets: Uint8Array, { codes }: Alphabet): Uint8Array {
  const text = new Uint8Array(4 * Math.ceil(octets.length / 3))
  let place = 0
  for (let index = 0; index < octets.length; index += 3) {
    const group =
      ((octets[index] ?? 0) << 16) | ((octets[index + 1] ?? 0) << 8) | (octets[index + 2] ?? 0)
    text[place++] = codes[group >> 18] ?? 0
    text[place++] = codes[(group >> 12) & 63] ?? 0
    text[place++] = codes[(group >> 6) & 63] ?? 0
    text[place++] = codes[group & 63] ?? 0
  }
  return text
}

/** Reads the first `length` characters. */
function decode(
  text: string,
  length: number,
  { values }: Alphabet,
  what: string,
): Uint8Array<ArrayBuffer> {
  if (length % 4 === 1) {
    throw new BytesError('BYTES_TEXT', `${what} has ${length} digits, which no input gives`)
  }
  const octets = new Uint8Array(Math.floor((length * 3) / 4))
  let bits = 0
  let width = 0
  let offset = 0
  for (let index = 0; index < length; index++) {
    const value = values[text.charCodeAt(index)] ?? 0xff
    if (value > 63) {
      const found = JSON.stringify(text.charAt(index))
      throw new BytesError('BYTES_TEXT', `${what} has ${found} at ${index}`)
    }
    bits = (bits << 6) | value
    width += 6
    if (width >= 8) {
      width -= 8
      octets[offset++] = bits >> width
      bits &= (1 << width) - 1
    }
  }
  if (bits !== 0) {
    throw new BytesError('BYTES_TEXT', `${what} has unused bits that are not zero`)
  }
  return octets
}
