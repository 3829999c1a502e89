import { BytesError } from './errors.ts'

const digits = '0123456789abcdef'
const pairs: readonly string[] = Array.from(
  { length: 256 },
  (_, octet) => `${digits[octet >> 4]}${digits[octet & 15]}`,
)

/** Lower-case hexadecimal, two digits an octet. */
export function toHex(octets: Uint8Array): string {
  let text = ''
  for (const octet of octets) text += pairs[octet]
  return text
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
  const bad = /[^0-9a-fA-F]/.exec(text)
  if (bad !== null) {
    throw new BytesError('BYTES_TEXT', `${what} has ${JSON.stringify(bad[0])} at ${bad.index}`)
  }
  const octets = new Uint8Array(text.length / 2)
  for (let index = 0; index < octets.length; index++) {
    octets[index] = Number.parseInt(text.slice(index * 2, index * 2 + 2), 16)
  }
  return octets
}
