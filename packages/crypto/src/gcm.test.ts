import { concat, fromHex, toHex } from '@keyline/bytes'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decryptGcm, encryptGcm } from './gcm.ts'

const key128 = 'feffe9928665731c6d6a8f9467308308'
const plaintext = fromHex(
  [
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72',
    '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
  ].join(''),
)
const nonce = fromHex('cafebabefacedbaddecaf888')
const associatedData = fromHex('feedfacedeadbeeffeedfacedeadbeefabaddad2')

// The GCM specification of McGrew and Viega, appendix B: cases 4, 10 and 16.
const published = [
  [
    'AES-128',
    key128,
    '5bc94fbc3221a5db94fae95ae7121a47',
    [
      '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e',
      '21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091',
    ],
  ],
  [
    'AES-192',
    `${key128}feffe9928665731c`,
    '2519498e80f1478f37ba55bd6d27618c',
    [
      '3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c',
      '7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710',
    ],
  ],
  [
    'AES-256',
    key128 + key128,
    '76fc6ece0f4e1768cddf8853bb2d551b',
    [
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa',
      '8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662',
    ],
  ],
] as const

describe('AES-GCM', () => {
  it.each(published)('with %s gives the published tag and ciphertext', (_, key, tag, lines) => {
    const context = { key: fromHex(key), nonce, associatedData }
    const encrypted = encryptGcm({ ...context, plaintext })
    expect(toHex(encrypted)).toBe(tag + lines.join(''))
    expect(decryptGcm({ ...context, encrypted })).toEqual(plaintext)
  })

  const context = { key: fromHex(key128), nonce, associatedData }
  const encrypted = encryptGcm({ ...context, plaintext })

  it('opens nothing of which one bit was changed', () => {
    for (let bit = 0; bit < encrypted.length * 8; bit++) {
      const changed = encrypted.with(bit >> 3, (encrypted[bit >> 3] ?? 0) ^ (1 << (bit & 7)))
      expect(decryptGcm({ ...context, encrypted: changed }), `bit ${bit}`).toBeUndefined()
    }
  })

  it('opens no prefix, not even one that is shorter than a tag', () => {
    for (let length = 0; length < encrypted.length; length++) {
      expect(decryptGcm({ ...context, encrypted: encrypted.subarray(0, length) })).toBeUndefined()
    }
  })

  it.each([
    ['another key', { key: new Uint8Array(16) }],
    ['another nonce', { nonce: new Uint8Array(12) }],
    ['other associated data', { associatedData: new Uint8Array() }],
  ])('opens nothing under %s', (_, change) => {
    expect(decryptGcm({ ...context, ...change, encrypted })).toBeUndefined()
  })

  it.each([
    ['a key of 15 octets', { key: new Uint8Array(15) }, '15 and 12'],
    ['no key', { key: new Uint8Array() }, '0 and 12'],
    ['a nonce of 16 octets', { nonce: new Uint8Array(16) }, '16 and 16'],
    ['no nonce', { nonce: new Uint8Array() }, '16 and 0'],
  ])('refuses %s on both ways', (_, change, found) => {
    const refusal = expect.objectContaining({
      code: 'KEY_INVALID',
      message: expect.stringContaining(`not ${found}`),
    })
    expect(() => encryptGcm({ ...context, ...change, plaintext })).toThrow(refusal)
    expect(() => decryptGcm({ ...context, ...change, encrypted })).toThrow(refusal)
  })

  it('opens what it sealed, also nothing at all', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (plain, data) => {
        const sealed = encryptGcm({ ...context, associatedData: data, plaintext: plain })
        expect(sealed).toHaveLength(16 + plain.length)
        const opened = decryptGcm({ ...context, associatedData: data, encrypted: sealed })
        expect(opened).toEqual(concat(plain))
      }),
    )
  })
})
