import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from './hex.ts'
import { seededRandom, systemRandom, uniformBelow, type Random } from './random.ts'

/** Gives the words one after the other, big endian, as views into a larger buffer. */
function scripted(words: readonly number[]): Random {
  let next = 0
  return {
    bytes(length) {
      const octets = new Uint8Array(8 + length).fill(0xee)
      const word = words[next++]
      if (word === undefined) throw new Error('the script has ended')
      new DataView(octets.buffer).setUint32(8, word)
      return octets.subarray(8)
    },
  }
}

describe('the random generator of the system', () => {
  it.each([0, 1, 32, 65_536, 65_537, 200_000])('gives %d octets', (length) => {
    expect(systemRandom.bytes(length)).toHaveLength(length)
  })

  it('fills long requests to the last octet, never twice the same', () => {
    const octets = systemRandom.bytes(200_000)
    for (let start = 0; start + 32 <= octets.length; start += 32) {
      if (octets.subarray(start, start + 32).every((octet) => octet === 0)) {
        expect.fail(`32 octets of 0 at ${start}`)
      }
    }
    expect(systemRandom.bytes(32)).not.toEqual(systemRandom.bytes(32))
  })
})

describe('the seeded generator', () => {
  // sfc32 of PractRand from four FNV-1a words after 16 rounds, computed with Python.
  it.each([
    ['', '118de19fd893d45dc5c05122180d039b5fd5f580875cf155'],
    ['keyline', '06a8688bfe7c0682428a43dcf1a27d582a7c377e6f328d3a'],
    ['bench/board 7', 'd56a50aa386680314d3f42c6ea68c83242d9348368cff35e'],
  ])('gives for the seed "%s" the same octets on every machine', (seed, octets) => {
    expect(toHex(seededRandom(seed).bytes(24))).toBe(octets)
  })

  it('repeats itself, request by request', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.nat(20), { maxLength: 8 }), (seed, lengths) => {
        const [first, second] = [seededRandom(seed), seededRandom(seed)]
        for (const length of lengths) expect(first.bytes(length)).toEqual(second.bytes(length))
      }),
    )
  })

  it('gives other octets for another seed', () => {
    const outputs = Array.from({ length: 1000 }, (_, index) =>
      toHex(seededRandom(`seed ${index}`).bytes(16)),
    )
    expect(new Set(outputs).size).toBe(1000)
  })
})

describe('a number below a bound', () => {
  it('is the word modulo the bound where that favours no value', () => {
    expect(uniformBelow(scripted([0]), 10)).toBe(0)
    expect(uniformBelow(scripted([17]), 10)).toBe(7)
    expect(uniformBelow(scripted([0xffff_ffff]), 2 ** 32)).toBe(0xffff_ffff)
  })

  it('draws again where the last, incomplete round of the bound would favour small values', () => {
    // 2^32 = 429 496 729 · 10 + 6: the words from 4 294 967 290 on are refused.
    expect(uniformBelow(scripted([4_294_967_289]), 10)).toBe(9)
    expect(uniformBelow(scripted([4_294_967_290, 4_294_967_295, 12]), 10)).toBe(2)
    // With 3 · 2^30 a quarter of all words is refused.
    expect(uniformBelow(scripted([3 * 2 ** 30, 5]), 3 * 2 ** 30)).toBe(5)
  })

  it('always ends when every word fits', () => {
    expect(uniformBelow(scripted([0xffff_ffff]), 1)).toBe(0)
    expect(uniformBelow(scripted([0xffff_ffff]), 2 ** 16)).toBe(0xffff)
  })

  it('is spread evenly', () => {
    const random = seededRandom('spread')
    const counts = [0, 0, 0, 0, 0, 0]
    for (let draw = 0; draw < 60_000; draw++) {
      const value = uniformBelow(random, 6)
      counts[value] = (counts[value] ?? 0) + 1
    }
    expect(counts).toHaveLength(6)
    // Chi-square with 5 degrees of freedom: above 20.5 in one of a thousand seeds.
    const chiSquare = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)
    expect(chiSquare).toBeLessThan(20.5)
  })

  it.each([0, -1, 0.5, Number.NaN, 2 ** 32 + 1, Number.POSITIVE_INFINITY])(
    'refuses the bound %d, which no draw could satisfy',
    (bound) => {
      expect(() => uniformBelow(scripted([1]), bound)).toThrow(
        expect.objectContaining({
          code: 'BYTES_RANGE',
          message: `bound is ${bound}, but must be 1 to 4294967296`,
        }),
      )
    },
  )
})
