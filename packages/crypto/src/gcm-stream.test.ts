import { concat, fromHex } from '@keyline/bytes'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gcmStream, isTagOf } from './gcm-stream.ts'
import { encryptGcm } from './gcm.ts'

const key = fromHex('feffe9928665731c6d6a8f9467308308')

describe('a stream of AES-GCM', () => {
  it('gives the same for any pieces as one call does', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 })
    fc.assert(
      fc.property(pieces, fc.uint8Array({ maxLength: 30 }), (parts, associatedData) => {
        const nonce = fromHex('cafebabefacedbaddecaf888')
        const stream = gcmStream({ direction: 'encrypt', key, iv: nonce })
        stream.authenticate(associatedData)
        const ciphertext = concat(...parts.map((part) => stream.update(part)))
        const whole = encryptGcm({ key, nonce, associatedData, plaintext: concat(...parts) })
        expect(concat(stream.tag(), ciphertext)).toEqual(whole)
      }),
    )
  })

  it('decrypts with an IV of any length and makes the tag of the encryption', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 128 }),
        fc.uint8Array({ maxLength: 60 }),
        (iv, plaintext) => {
          const sealing = gcmStream({ direction: 'encrypt', key, iv })
          const sealed = sealing.update(plaintext)
          const opening = gcmStream({ direction: 'decrypt', key, iv })
          expect(opening.update(sealed)).toEqual(plaintext)
          expect(opening.tag()).toEqual(sealing.tag())
        },
      ),
    )
  })

  it.each([0, 129])('refuses an IV of %i octets', (length) => {
    const iv = new Uint8Array(length)
    expect(() => gcmStream({ direction: 'encrypt', key, iv })).toThrow(/1 to 128/)
  })

  it('compares a tag by its own length', () => {
    const tag = fromHex('5bc94fbc3221a5db94fae95ae7121a47')
    expect(isTagOf(tag.subarray(0, 4), tag)).toBe(true)
    expect(isTagOf(fromHex('5bc94fbd'), tag)).toBe(false)
  })
})
