import { fromHex, toHex } from '@keyline/bytes'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { p256Order, p256PointOf } from './p256.ts'
import { spake2pScalars, spake2pVerifier } from './spake2p.ts'

interface Vector {
  readonly id: string
  readonly passcode: number
  readonly salt: string
  readonly iterations: number
  readonly w0: string
  readonly w1?: string
  readonly L: string
  readonly verifier: string
}

const folder = new URL('../../../test/vectors/matter/spake2p/', import.meta.url)
const { vectors }: { readonly vectors: readonly Vector[] } = JSON.parse(
  readFileSync(new URL('verifiers.json', folder), 'utf8'),
)
const number = (octets: Uint8Array): bigint => BigInt(`0x${toHex(octets)}`)
const salt = fromHex('00'.repeat(16))

describe('the SPAKE2+ verifier of Matter', () => {
  it('has vectors to be held against', () => {
    expect(vectors.length).toBeGreaterThan(3)
  })

  it.each(vectors.map((vector) => [vector.id, vector] as const))(
    'of the vector %s is the published one',
    async (_, vector) => {
      const input = { ...vector, salt: fromHex(vector.salt) }
      const { w0, L, verifier } = await spake2pVerifier(input)
      expect(toHex(w0)).toBe(vector.w0)
      expect(toHex(L)).toBe(vector.L)
      expect(toHex(verifier)).toBe(vector.verifier)
      const scalars = await spake2pScalars(input)
      expect(scalars.w0).toEqual(w0)
      expect(p256PointOf(scalars.w1)).toEqual(L)
      if (vector.w1 !== undefined) expect(toHex(scalars.w1)).toBe(vector.w1)
    },
  )

  it('has scalars below the order, reduced from 40 octets each', async () => {
    const { ws, w0, w1 } = await spake2pScalars({ passcode: 1, salt, iterations: 1000 })
    expect([ws.length, w0.length, w1.length]).toEqual([80, 32, 32])
    expect(number(w0)).toBe(number(ws.subarray(0, 40)) % p256Order)
    expect(number(w1)).toBe(number(ws.subarray(40)) % p256Order)
  })

  it.each([
    ['passcode 0', { passcode: 0 }, 'the passcode is outside 1 to 99999998'],
    ['passcode 99999999', { passcode: 99_999_999 }, 'the passcode is outside 1 to 99999998'],
    ['a broken passcode', { passcode: 1.5 }, 'the passcode is outside 1 to 99999998'],
    [
      'a salt of 15 octets',
      { salt: salt.subarray(1) },
      'the salt length is 15, outside 16 to 32 octets',
    ],
    [
      'a salt of 33 octets',
      { salt: new Uint8Array(33) },
      'the salt length is 33, outside 16 to 32 octets',
    ],
    ['999 iterations', { iterations: 999 }, 'the iteration count is 999, outside 1000 to 100000'],
    [
      '100 001 iterations',
      { iterations: 100_001 },
      'the iteration count is 100001, outside 1000 to 100000',
    ],
  ])('is refused for %s, and no message tells a passcode', async (_, change, message) => {
    const input = { passcode: 20_202_021, salt, iterations: 1000, ...change }
    const refusal = { code: 'SPAKE2P_PARAMETER', message }
    await expect(spake2pVerifier(input)).rejects.toMatchObject(refusal)
    await expect(spake2pScalars(input)).rejects.toMatchObject(refusal)
  })

  it('is made at the ends of each range', async () => {
    const short = await spake2pVerifier({ passcode: 1, salt, iterations: 1000 })
    expect(short.verifier).toHaveLength(97)
    const long = { passcode: 99_999_998, salt: new Uint8Array(32), iterations: 100_000 }
    expect((await spake2pVerifier(long)).verifier).toHaveLength(97)
  })
})
