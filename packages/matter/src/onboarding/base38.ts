import { MatterError } from '../errors.ts'

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-.'
const radix = alphabet.length
/** Characters of a chunk of 1, 2 or 3 octets. */
const chunkCharacters = { 1: 2, 2: 4, 3: 5 } as const
/** Octets of a chunk by its characters; 1 and 3 characters are no chunk. */
const chunkOctets: ReadonlyMap<number, number> = new Map([
  [2, 1],
  [4, 2],
  [5, 3],
])

/** Base38 of Matter: three octets, little endian, give five characters, the least digit first. */
export function encodeBase38(octets: Uint8Array): string {
  let text = ''
  for (let offset = 0; offset < octets.length; offset += 3) {
    const [first = 0, second = 0, third = 0] = octets.subarray(offset, offset + 3)
    let value = first | (second << 8) | (third << 16)
    const rest = octets.length - offset
    const characters = rest === 1 || rest === 2 ? chunkCharacters[rest] : chunkCharacters[3]
    for (let place = 0; place < characters; place++) {
      text += alphabet.charAt(value % radix)
      value = Math.floor(value / radix)
    }
  }
  return text
}

/** @throws MatterError `ONBOARDING_BASE38` for another character, a chunk of 1 or 3, a value too large */
export function decodeBase38(text: string): Uint8Array<ArrayBuffer> {
  const octets: number[] = []
  for (let offset = 0; offset < text.length; offset += 5) {
    const chunk = text.slice(offset, offset + 5)
    const count = chunkOctets.get(chunk.length)
    if (count === undefined) {
      throw broken(`${chunk.length} characters are left at ${offset}, not 2, 4 or 5`)
    }
    let value = valueOf(chunk, offset)
    if (value >= 2 ** (8 * count))
      throw broken(`the characters at ${offset} exceed ${count} octets`)
    for (let index = 0; index < count; index++) {
      octets.push(value & 0xff)
      value = Math.floor(value / 256)
    }
  }
  return Uint8Array.from(octets)
}

function valueOf(chunk: string, offset: number): number {
  let value = 0
  for (let place = chunk.length - 1; place >= 0; place--) {
    const digit = alphabet.indexOf(chunk.charAt(place))
    if (digit < 0) throw broken(`the character at ${offset + place} is not one of the 38`)
    value = value * radix + digit
  }
  return value
}

function broken(reason: string): MatterError {
  return new MatterError('ONBOARDING_BASE38', `Base38 text: ${reason}`)
}
