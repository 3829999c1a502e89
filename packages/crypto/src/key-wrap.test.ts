import { fromHex, toHex } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { unwrapKey, wrapKey } from './key-wrap.ts'

describe('AES key wrap', () => {
  it.each([
    [
      '000102030405060708090a0b0c0d0e0f',
      '00112233445566778899aabbccddeeff',
      '1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5',
    ],
    [
      '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
      '00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f',
      '28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21',
    ],
  ])('with %s is that of RFC 3394 section 4', (key, octets, wrapped) => {
    const input = { key: fromHex(key), octets: fromHex(octets) }
    expect(toHex(wrapKey(input))).toBe(wrapped)
    expect(unwrapKey({ key: input.key, octets: fromHex(wrapped) })).toEqual(input.octets)
  })

  it('opens nothing of a length that wrapping never gives, and nothing that was changed', () => {
    const key = new Uint8Array(16)
    const wrapped = wrapKey({ key, octets: new Uint8Array(24) })
    for (const length of [0, 8, 16, 31]) {
      expect(unwrapKey({ key, octets: wrapped.subarray(0, length) })).toBeUndefined()
    }
    wrapped[9] = (wrapped[9] ?? 0) ^ 0x10
    expect(unwrapKey({ key, octets: wrapped })).toBeUndefined()
  })

  it.each([0, 8, 17])('refuses to wrap %i octets', (length) => {
    const octets = new Uint8Array(length)
    expect(() => wrapKey({ key: new Uint8Array(16), octets })).toThrow(/16 octets or more/)
  })
})
