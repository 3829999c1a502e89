import { BytesError } from './errors.ts'
import { ByteReader } from './reader.ts'

/** Source of randomness. Products take `systemRandom`; simulators and tests replay a seed. */
export interface Random {
  bytes(length: number): Uint8Array<ArrayBuffer>
}

/** The generator of the operating system. */
export const systemRandom: Random = {
  bytes(length) {
    const octets = new Uint8Array(length)
    for (let offset = 0; offset < length; offset += 65_536) {
      globalThis.crypto.getRandomValues(octets.subarray(offset, offset + 65_536))
    }
    return octets
  },
}

/**
 * A whole number, uniform over 0 … bound − 1, by rejection, so that no value is favoured.
 * @param bound 1 … 2^32. @throws BytesError `BYTES_RANGE`
 */
export function uniformBelow(random: Random, bound: number): number {
  if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) {
    throw new BytesError('BYTES_RANGE', `bound is ${bound}, but must be 1 to ${2 ** 32}`)
  }
  const limit = 2 ** 32 - (2 ** 32 % bound)
  for (;;) {
    const value = new ByteReader(random.bytes(4)).u32be('random word')
    if (value < limit) return value % bound
  }
}

/**
 * Repeatable generator for simulators and tests (sfc32). The same seed gives the same octets.
 * Not for keys of real devices: its state can be computed from its output.
 */
export function seededRandom(seed: string): Random {
  const state = seedWords(seed)
  const next = (): number => {
    let [a, b, c, counter] = state
    const value = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + value
    state[0] = a
    state[1] = b
    state[2] = c | 0
    state[3] = counter
    return value >>> 0
  }
  for (let round = 0; round < 16; round++) next()
  return {
    bytes(length) {
      const octets = new Uint8Array(length)
      for (let offset = 0; offset < length; offset += 4) {
        const word = next()
        for (let place = 0; place < 4 && offset + place < length; place++) {
          octets[offset + place] = (word >>> (8 * place)) & 0xff
        }
      }
      return octets
    },
  }
}

/** Four FNV-1a words of the seed, each with its own start. */
function seedWords(seed: string): [number, number, number, number] {
  const word = (start: number): number => {
    let value = start
    for (let index = 0; index < seed.length; index++) {
      value = Math.imul(value ^ seed.charCodeAt(index), 0x01000193)
    }
    return value | 0
  }
  return [word(0x811c9dc5), word(0x1b873593), word(0xcc9e2d51), word(0x9e3779b9)]
}
