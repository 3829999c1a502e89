import { BytesError } from './errors.ts'

const ascii = new TextDecoder()
const digits = new TextEncoder().encode('0123456789abcdef')

/** The two digits of each octet as they lie in memory, so that one store writes both. */
const pairs = new Uint16Array(
  Uint8Array.from({ length: 512 }, (_, index) => {
    const octet = index >> 1
    return digits[index % 2 === 0 ? octet >> 4 : octet & 15] ?? 0
  }).buffer,
)

/** Value of each ASCII character as a digit; 255 where it is none. */
const values = new Uint8Array(128).fill(0xff)
for (const [value, code] of digits.entries()) {
  values[code] = value
  values[String.fromCharCode(code).toUpperCase().charCodeAt(0)] = value
}

/** Lower-case hexadecimal, two digits an octet. */
export function toHex(octets: Uint8Array): string {
  const text = new Uint16Array(octets.length)
  for (let index = 0; index < octets.length; index++) text[index] = pairs[octets[index] ?? 0] ?? 0
  return ascii.decode(text)
}

/** Upper-case hexadecimal, as key identifiers are written. */
export function toHexUpper(octets: Uint8Array): string {
  return toHex(octets).toUpperCase()
}

/** Reads hexadecimal digits of either case; no prefix, no blanks. @throws BytesError `BYTES_TEXT` */
export function fromHex(text: string, what = 'hexadecimal text'): Uint8Array<ArrayBuffer> {
  if (text.length % 2 !== 0) {
    throw new BytesError('BYTES_TEXT', `${what} has ${text.length} digits, an odd number`)
  }
  const octets = new Uint8Array(text.length / 2)
  for (let index = 0; index < octets.length; index++) {
    const high = values[text.charCodeAt(2 * index)] ?? 0xff
    const low = values[text.charCodeAt(2 * index + 1)] ?? 0xff
    if ((high | low) > 15) throw notHex(text, what)
    octets[index] = (high << 4) | low
  }
  return octets
}

function notHex(text: string, what: string): BytesError {
  const at = text.search(/[^0-9a-fA-F]/)
  return new BytesError('BYTES_TEXT', `${what} has ${JSON.stringify(text.charAt(at))} at ${at}`)
}
