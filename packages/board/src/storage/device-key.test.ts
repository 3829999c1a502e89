import '../../../../test/support/properties.ts'
import { p256 } from '@noble/curves/nist.js'
import { encodeUtf8, fromHex, toHex } from '@keyline/bytes'
import { p256PublicKey, verifyP256 } from '@keyline/crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scaled } from '../../../../test/support/scale.ts'
import { DeviceKey } from './device-key.ts'

/** RFC 6979 A.2.5, SHA-256. */
const rfc = new DeviceKey(
  fromHex('c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721'),
)

describe('a device key', () => {
  it.each([
    [
      'sample',
      'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716',
      'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
    ],
    [
      'test',
      'f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367',
      '019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083',
    ],
  ])('signs %j as RFC 6979 says', (text, r, s) => {
    expect(toHex(rfc.sign(encodeUtf8(text)))).toBe(r + s)
  })

  it('signs any message as another implementation does, and node verifies it', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ maxLength: 200 }),
        (seed, message) => {
          let draw = seed
          const key = DeviceKey.draw({ bytes: () => (draw = draw.map((octet) => octet ^ 0x55)) })
          const signature = key.sign(message)
          const options = { prehash: true, lowS: false, format: 'compact' } as const
          expect(signature).toEqual(p256.sign(message, key.secret().reveal(), options))
          const publicKey = p256PublicKey(key.publicKey)
          expect(verifyP256({ publicKey, message, signature })).toBe(true)
        },
      ),
      { numRuns: scaled(20, 500) },
    )
  })

  it('is drawn again when the scalar is 0 or not below n', () => {
    const draws = [new Uint8Array(32), new Uint8Array(32).fill(0xff), new Uint8Array(32).fill(1)]
    const key = DeviceKey.draw({ bytes: () => draws.shift() ?? new Uint8Array(0) })
    expect(key.secret().reveal()).toEqual(new Uint8Array(32).fill(1))
  })

  it('does not show itself', () => {
    expect(JSON.stringify(rfc)).not.toContain('c9af')
    expect(Object.keys(rfc)).toEqual(['publicKey'])
  })
})
