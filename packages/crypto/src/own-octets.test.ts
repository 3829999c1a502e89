import { describe, expect, it } from 'vitest'
import { bufferOf, ownOctets } from './own-octets.ts'

describe('the result of a primitive', () => {
  it('is taken over without a copy when its memory is its own', () => {
    const result = Buffer.alloc(32, 7)
    const octets = ownOctets(result)
    expect(octets.constructor).toBe(Uint8Array)
    expect(octets).toEqual(new Uint8Array(32).fill(7))
    expect(octets.buffer).toBe(result.buffer)
  })

  it('is copied out of memory that it shares', () => {
    const pool = new Uint8Array(64).fill(1)
    const octets = ownOctets(Buffer.from(pool.buffer, 8, 4))
    pool.fill(2)
    expect(octets.constructor).toBe(Uint8Array)
    expect(octets).toEqual(new Uint8Array(4).fill(1))
    expect(octets.buffer.byteLength).toBe(4)
  })
})

describe('a Buffer over octets', () => {
  it('is a view of exactly these, so that wiping them wipes it', () => {
    const whole = Uint8Array.of(1, 2, 3, 4)
    const buffer = bufferOf(whole.subarray(1, 3))
    expect([...buffer]).toEqual([2, 3])
    whole.fill(0)
    expect([...buffer]).toEqual([0, 0])
  })
})
