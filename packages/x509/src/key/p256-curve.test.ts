import { createECDH, ECDH } from 'node:crypto'
import { fromHex } from '@keyline/bytes'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { isOnP256 } from './p256-curve.ts'

function freshPoint(): Uint8Array {
  return Uint8Array.from(createECDH('prime256v1').generateKeys())
}

function opensslTakes(point: Uint8Array): boolean {
  try {
    ECDH.convertKey(point, 'prime256v1')
    return true
  } catch {
    return false
  }
}

describe('a point on P-256', () => {
  it('is every key that openssl makes, wherever it lies in memory', () => {
    for (let count = 0; count < 200; count++) {
      const point = freshPoint()
      const shifted = new Uint8Array(70)
      shifted.set(point, 3)
      expect(isOnP256(point)).toBe(true)
      expect(isOnP256(shifted.subarray(3, 68))).toBe(true)
    }
  })

  it('is none once an octet is changed, as for openssl', () => {
    fc.assert(
      fc.property(fc.nat(64), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const point = freshPoint()
        point[place] = (point[place] ?? 0) ^ change
        // The hybrid forms of openssl, 06 and 07, are not those of Matter.
        const expected = place > 0 && opensslTakes(point)
        expect(isOnP256(point)).toBe(expected)
      }),
    )
  })

  it('has two coordinates below p', () => {
    // X = 0 has the Y of sqrt(b); the same point with X = p is written with other octets.
    const y = '66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4'
    const p = 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff'
    expect(isOnP256(fromHex(`04${'00'.repeat(32)}${y}`))).toBe(true)
    expect(isOnP256(fromHex(`04${p}${y}`))).toBe(false)
    expect(isOnP256(fromHex(`04${'00'.repeat(64)}`))).toBe(false)
  })

  it('is uncompressed and has 65 octets', () => {
    const point = freshPoint()
    expect(isOnP256(point.subarray(0, 64))).toBe(false)
    expect(isOnP256(new Uint8Array(65))).toBe(false)
    expect(isOnP256(Uint8Array.of())).toBe(false)
    expect(isOnP256(Uint8Array.of(2, ...point.subarray(1, 33)))).toBe(false)
  })
})
