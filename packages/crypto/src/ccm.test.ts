import { fromHex, toHex } from '@keyline/bytes'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyCtr } from './aes.ts'
import { decryptCcm, encryptCcm, firstCounterBlock } from './ccm.ts'

/** RFC 3610 section 8, packet vector 1. */
const packet = {
  key: fromHex('c0c1c2c3c4c5c6c7c8c9cacbcccdcecf'),
  nonce: fromHex('00000003020100a0a1a2a3a4a5'),
  associatedData: fromHex('0001020304050607'),
  tagLength: 8,
}
const plaintext = fromHex('08090a0b0c0d0e0f101112131415161718191a1b1c1d1e')
const encrypted = fromHex('588c979a61c663d2f066d0c2c0f989806d5f6b61dac38417e8d12cfdf926e0')

describe('AES-CCM', () => {
  it('encrypts packet vector 1 of RFC 3610 and opens it', () => {
    expect(toHex(encryptCcm({ ...packet, plaintext }))).toBe(toHex(encrypted))
    expect(decryptCcm({ ...packet, encrypted })).toEqual(plaintext)
  })

  it('opens nothing that was changed in any place', () => {
    for (let bit = 0; bit < 8 * encrypted.length; bit++) {
      const changed = encrypted.slice()
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(decryptCcm({ ...packet, encrypted: changed })).toBeUndefined()
    }
  })

  it('seals and opens no octets, wherever they are', () => {
    const nowhere = new Uint8Array(new ArrayBuffer(0))
    for (const associatedData of [packet.associatedData, nowhere]) {
      const context = { ...packet, associatedData }
      const sealed = encryptCcm({ ...context, plaintext: nowhere })
      expect(sealed).toEqual(encryptCcm({ ...context, plaintext: new Uint8Array(1).subarray(1) }))
      expect(decryptCcm({ ...context, encrypted: sealed })).toEqual(nowhere)
      expect(
        decryptCcm({ ...context, encrypted: sealed.map((octet) => octet ^ 1) }),
      ).toBeUndefined()
    }
  })

  it('opens nothing shorter than its tag', () => {
    expect(decryptCcm({ ...packet, encrypted: encrypted.subarray(0, 7) })).toBeUndefined()
  })

  it('returns what went in, with every tag length and nonce length', () => {
    const lengths = fc.record({
      tagLength: fc.constantFrom(0, 4, 6, 8, 10, 12, 14, 16),
      nonce: fc.uint8Array({ minLength: 7, maxLength: 13 }),
      associatedData: fc.uint8Array({ maxLength: 40 }),
      plaintext: fc.uint8Array({ maxLength: 80 }),
      key: fc.constantFrom(16, 24, 32).map((length) => new Uint8Array(length).fill(7)),
    })
    fc.assert(
      fc.property(lengths, (input) => {
        const sealed = encryptCcm(input)
        expect(sealed).toHaveLength(input.plaintext.length + input.tagLength)
        expect(decryptCcm({ ...input, encrypted: sealed })).toEqual(input.plaintext)
      }),
    )
  })

  it('with a tag has the key stream that CCM* without a tag has', () => {
    const bare = encryptCcm({ ...packet, tagLength: 0, plaintext })
    expect(bare).toEqual(encrypted.slice(0, plaintext.length))
    const iv = firstCounterBlock(packet.nonce)
    expect(applyCtr({ key: packet.key, iv, octets: bare })).toEqual(plaintext)
  })

  it.each([
    { tagLength: 2 },
    { tagLength: 5 },
    { tagLength: 18 },
    { nonce: new Uint8Array(6) },
    { nonce: new Uint8Array(14) },
    { key: new Uint8Array(20) },
  ])('refuses %o', (change) => {
    expect(() => encryptCcm({ ...packet, plaintext, ...change })).toThrow(/AES/)
    expect(() => decryptCcm({ ...packet, encrypted, ...change })).toThrow(/AES/)
  })

  it('refuses a message whose length the nonce leaves no room for', () => {
    const tooLong = new Uint8Array(0x10000)
    expect(() => encryptCcm({ ...packet, plaintext: tooLong })).toThrow(/no room for the length/)
    expect(encryptCcm({ ...packet, plaintext: tooLong.subarray(1) })).toHaveLength(0xffff + 8)
  })
})
