import { createHmac } from 'node:crypto'
import { isKeylineError, seededRandom } from '@keyline/bytes'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scaled, testSeed } from '../../../../../test/support/scale.ts'
import { checkStampedNonce, stampNonce } from './stamped-nonce.ts'

const key = new Uint8Array(32).fill(7)
const other = new Uint8Array(32).fill(8)
const now = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
const ttlMs = 150_000
const random = seededRandom('nonces')

function checked(nonce: Uint8Array, at: number, keys = [key], tenant = '0'): number | string {
  try {
    return checkStampedNonce(nonce, { keys, tenant, now: at, ttlMs })
  } catch (error) {
    if (isKeylineError(error)) return error.code
    throw error
  }
}

describe('a nonce that is known again', () => {
  it('is time, random and tag, as another implementation computes them', () => {
    const nonce = stampNonce(key, 'acme', now, random)
    expect(Buffer.from(nonce).readBigUInt64BE(0)).toBe(BigInt(now))
    const tag = createHmac('sha256', key)
      .update('nonce/1')
      .update(Buffer.of(0))
      .update('acme')
      .update(Buffer.of(0))
      .update(nonce.subarray(0, 16))
      .digest()
    expect(Buffer.from(nonce.subarray(16))).toEqual(tag.subarray(0, 16))
    expect(nonce).toHaveLength(32)
  })

  it('is valid until, not including, its end', () => {
    const nonce = stampNonce(key, '0', now, random)
    expect(checked(nonce, now)).toBe(now + ttlMs)
    expect(checked(nonce, now + ttlMs - 1)).toBe(now + ttlMs)
    expect(checked(nonce, now + ttlMs)).toBe('SERVER_NONCE_EXPIRED')
  })

  it('may come from a replica that is up to five seconds ahead', () => {
    const nonce = stampNonce(key, '0', now, random)
    expect(checked(nonce, now - 5_000)).toBe(now + ttlMs)
    expect(checked(nonce, now - 5_001)).toBe('SERVER_NONCE_FOREIGN')
  })

  it('is known under the key before, and under no other', () => {
    const nonce = stampNonce(key, '0', now, random)
    expect(checked(nonce, now, [other, key])).toBe(now + ttlMs)
    expect(checked(nonce, now, [other])).toBe('SERVER_NONCE_FOREIGN')
  })

  it('belongs to one tenant, and its tag is looked at before its time', () => {
    const nonce = stampNonce(key, 'a', now, random)
    expect(checked(nonce, now, [key], 'b')).toBe('SERVER_NONCE_FOREIGN')
    expect(checked(nonce, now + ttlMs, [other], 'a')).toBe('SERVER_NONCE_FOREIGN')
  })

  it('is foreign with any bit changed, and at any other length', () => {
    const tenants = fc.string({ minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(tenants, fc.nat(255), fc.nat(64), (tenant, bit, length) => {
        const nonce = stampNonce(key, tenant, now, random)
        expect(checked(nonce, now, [key], tenant)).toBe(now + ttlMs)
        const changed = Uint8Array.from(nonce)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(checked(changed, now, [key], tenant)).toBe('SERVER_NONCE_FOREIGN')
        const cut = Uint8Array.of(...nonce, ...nonce).subarray(0, length)
        if (length !== 32) expect(checked(cut, now, [key], tenant)).toBe('SERVER_NONCE_FOREIGN')
      }),
      { seed: testSeed, numRuns: scaled(100, 10_000) },
    )
  })
})
