import { createCipheriv } from 'node:crypto'
import { fromHex, seededRandom, toHex } from '@keyline/bytes'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  aesCmac,
  applyCtr,
  Cmac,
  decryptCbc,
  decryptEcb,
  encryptCbc,
  encryptEcb,
  padIso7816,
  unpadIso7816,
} from './aes.ts'

const key = fromHex('2b7e151628aed2a6abf7158809cf4f3c')
const block = fromHex('6bc1bee22e409f96e93d7e117393172a')
const text = fromHex(
  '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710',
)

describe('AES', () => {
  it('encrypts a block as SP 800-38A section F.1.1 says, and undoes it', () => {
    const encrypted = encryptEcb({ key, octets: block })
    expect(toHex(encrypted)).toBe('3ad77bb40d7a3660a89ecaf32466ef97')
    expect(decryptEcb({ key, octets: encrypted })).toEqual(block)
  })

  it('chains blocks as SP 800-38A section F.2.1 says, and undoes it', () => {
    const iv = fromHex('000102030405060708090a0b0c0d0e0f')
    const encrypted = encryptCbc({ key, iv, octets: text })
    expect(toHex(encrypted.subarray(0, 32))).toBe(
      '7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2',
    )
    expect(decryptCbc({ key, iv, octets: encrypted })).toEqual(text)
  })

  it('makes the key stream of SP 800-38A section F.5.1', () => {
    const iv = fromHex('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff')
    expect(toHex(applyCtr({ key, iv, octets: block }))).toBe('874d6191b620e3261bef6864990db6ce')
  })

  it.each([0, 8, 15, 17, 33])('refuses a key of %i octets', (length) => {
    const wrong = { key: new Uint8Array(length), octets: block }
    expect(() => encryptEcb(wrong)).toThrow(/16, 24 or 32 octets/)
    expect(() => new Cmac(wrong.key)).toThrow(/16, 24 or 32 octets/)
  })

  it('refuses an input that is cut within a block, and an IV that is no block', () => {
    const cut = block.subarray(1)
    expect(() => encryptEcb({ key, octets: cut })).toThrow(/whole blocks of 16/)
    expect(() => decryptCbc({ key, iv: block, octets: cut })).toThrow(/whole blocks of 16/)
    expect(() => encryptCbc({ key, iv: cut, octets: block })).toThrow(/IV has 15 octets/)
  })
})

describe('AES-CMAC', () => {
  it.each([
    [0, 'bb1d6929e95937287fa37d129b756746'],
    [16, '070a16b46b4d4144f79bdd9dd04a287c'],
    [40, 'dfa66747de9ae63030ca32611497c827'],
    [64, '51f0bebf7e3b9d92fc49741779363cfe'],
  ])('of %i octets is that of RFC 4493', (length, mac) => {
    expect(toHex(aesCmac(key, text.subarray(0, length)))).toBe(mac)
  })

  it('under a kept key does not depend on the messages before', () => {
    const kept = new Cmac(key)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (message) => {
        expect(kept.compute(message)).toEqual(new Cmac(key).compute(message))
      }),
    )
  })

  it('of 4 KiB is the last block of the CBC encryption with the subkey added', () => {
    const message = seededRandom('long message').bytes(4096)
    const zero = new Uint8Array(16)
    const last =
      BigInt(`0x${toHex(message.subarray(-16))}`) ^ doubled(encryptEcb({ key, octets: zero }))
    const input = message.slice()
    input.set(fromHex(last.toString(16).padStart(32, '0')), 4080)
    const cipher = createCipheriv('aes-128-cbc', key, zero).setAutoPadding(false)
    expect(aesCmac(key, message)).toEqual(new Uint8Array(cipher.update(input).subarray(-16)))
  })

  it('gives memory of its own, which the next MAC does not change', () => {
    const kept = new Cmac(key)
    const first = kept.compute(text)
    const copy = first.slice()
    first.fill(0)
    expect(kept.compute(text)).toEqual(copy)
  })
})

describe('padding of ISO/IEC 7816-4', () => {
  it('adds a whole block to whole blocks', () => {
    expect(padIso7816(block)).toHaveLength(32)
    expect(padIso7816(new Uint8Array())).toEqual(fromHex(`80${'00'.repeat(15)}`))
  })

  it('is taken off again from any message', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (message) => {
        expect(unpadIso7816(padIso7816(message))).toEqual(message)
      }),
    )
  })

  it.each(['', '00'.repeat(16), `80${'00'.repeat(16)}`, 'ff'.repeat(16), `80${'00'.repeat(31)}`])(
    'is missed in %s',
    (padded) => {
      expect(unpadIso7816(fromHex(padded))).toBeUndefined()
    },
  )
})

/** Twice the element of GF(2^128). */
function doubled(octets: Uint8Array): bigint {
  const value = BigInt(`0x${toHex(octets)}`)
  return ((value << 1n) & (2n ** 128n - 1n)) ^ (value >> 127n === 1n ? 0x87n : 0n)
}
