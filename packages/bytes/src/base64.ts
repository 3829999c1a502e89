import { BytesError } from './errors.ts'

const standard = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const urlSafe = `${standard.slice(0, 62)}-_`

function encode(octets: Uint8Array, alphabet: string): string {
  let text = ''
  for (let index = 0; index < octets.length; index += 3) {
    const group =
      ((octets[index] ?? 0) << 16) | ((octets[index + 1] ?? 0) << 8) | (octets[index + 2] ?? 0)
    const characters = Math.min(octets.length - index, 3) + 1
    for (let place = 0; place < characters; place++) {
      text += alphabet[(group >> (18 - 6 * place)) & 63]
    }
  }
  return text
}

function decode(text: string, alphabet: string, what: string): Uint8Array<ArrayBuffer> {
  if (text.length % 4 === 1) {
    throw new BytesError('BYTES_TEXT', `${what} has ${text.length} digits, which no input gives`)
  }
  const octets = new Uint8Array(Math.floor((text.length * 6) / 8))
  let bits = 0
  let width = 0
  let offset = 0
  for (let index = 0; index < text.length; index++) {
    const value = alphabet.indexOf(text.charAt(index))
    if (value < 0) {
      const found = JSON.stringify(text.charAt(index))
      throw new BytesError('BYTES_TEXT', `${what} has ${found} at ${index}`)
    }
    bits = ((bits << 6) | value) & 0xffff
    width += 6
    if (width >= 8) {
      width -= 8
      octets[offset++] = (bits >> width) & 0xff
    }
  }
  if ((bits & ((1 << width) - 1)) !== 0) {
    throw new BytesError('BYTES_TEXT', `${what} has unused bits that are not zero`)
  }
  return octets
}

/** Base64 with padding (RFC 4648 section 4). */
export function toBase64(octets: Uint8Array): string {
  const text = encode(octets, standard)
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}

/** Canonical padded base64: exact padding, unused bits zero. @throws BytesError `BYTES_TEXT` */
export function fromBase64(text: string, what = 'base64 text'): Uint8Array<ArrayBuffer> {
  if (text.length % 4 !== 0) {
    throw new BytesError('BYTES_TEXT', `${what} has ${text.length} characters, not a multiple of 4`)
  }
  return decode(text.replace(/={1,2}$/, ''), standard, what)
}

/** Base64url without padding (RFC 4648 section 5). */
export function toBase64url(octets: Uint8Array): string {
  return encode(octets, urlSafe)
}

/** Canonical base64url without padding. @throws BytesError `BYTES_TEXT` */
export function fromBase64url(text: string, what = 'base64url text'): Uint8Array<ArrayBuffer> {
  return decode(text, urlSafe, what)
}
