import { encodeUtf8, fromHex, seededRandom, Secret, systemRandom, toHex } from '@keyline/bytes'
import { createDecipheriv } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { open, seal, type SealContext } from './seal.ts'

const key = (): Secret => new Secret(fromHex('42'.repeat(32)))
const context = { record: 'unit-7', column: 'passcode' }
const plaintext = encodeUtf8('20202021')
const sealed = seal({ key: key(), random: seededRandom('seal'), context, plaintext })
const split = (record: string, column: string): SealContext => ({ record, column })
const broken = expect.objectContaining({
  code: 'SEAL_BROKEN',
  message: 'the sealed passcode of unit-7 could not be opened',
})

describe('a sealed value', () => {
  it('opens with its key in its place', () => {
    expect(open({ key: key(), context, sealed }).reveal()).toEqual(plaintext)
  })

  it('is version 1, nonce, tag and AES-256-GCM ciphertext, bound to record and column', () => {
    const nonce = seededRandom('seal').bytes(12)
    expect(toHex(sealed.subarray(0, 13))).toBe(`01${toHex(nonce)}`)
    expect(sealed).toHaveLength(1 + 12 + 16 + plaintext.length)
    const decipher = createDecipheriv('aes-256-gcm', key().reveal(), nonce)
    decipher.setAAD(encodeUtf8('["keyline-seal/1","unit-7","passcode"]'))
    decipher.setAuthTag(sealed.subarray(13, 29))
    const opened = Buffer.concat([decipher.update(sealed.subarray(29)), decipher.final()])
    expect(opened.toString()).toBe('20202021')
  })

  it('takes a fresh nonce each time', () => {
    const both = [1, 2].map(() => seal({ key: key(), random: systemRandom, context, plaintext }))
    expect(both[0]).not.toEqual(both[1])
  })

  it('may be empty', () => {
    const empty = seal({ key: key(), random: systemRandom, context, plaintext: new Uint8Array() })
    expect(open({ key: key(), context, sealed: empty }).length).toBe(0)
  })

  it('does not open when any bit of it was changed', () => {
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = sealed.with(bit >> 3, (sealed[bit >> 3] ?? 0) ^ (1 << (bit & 7)))
      expect(() => open({ key: key(), context, sealed: changed }), `bit ${bit}`).toThrow(broken)
    }
  })

  it('does not open when it was cut or continued', () => {
    for (let length = 0; length < sealed.length; length++) {
      expect(() => open({ key: key(), context, sealed: sealed.subarray(0, length) })).toThrow(
        broken,
      )
    }
    expect(() => open({ key: key(), context, sealed: Uint8Array.of(...sealed, 0) })).toThrow(broken)
  })

  it('does not open with another key', () => {
    expect(() => open({ key: new Secret(new Uint8Array(32)), context, sealed })).toThrow(broken)
  })

  it.each([
    ['record', { record: 'unit-8', column: 'passcode' }],
    ['column', { record: 'unit-7', column: 'verifier' }],
    ['split between them', { record: 'unit-7p', column: 'asscode' }],
  ])('does not open at another %s', (_, other) => {
    expect(() => open({ key: key(), context: other, sealed })).toThrow(
      expect.objectContaining({ code: 'SEAL_BROKEN' }),
    )
  })

  it('keeps record and column apart whatever characters they have', () => {
    for (const [one, two] of [
      [split('a\nb', 'c'), split('a', 'b\nc')],
      [split('a","b', 'c'), split('a', 'b","c')],
      [split('\ud800', 'c'), split('\udc00', 'c')],
    ] as const) {
      const value = seal({ key: key(), random: systemRandom, context: one, plaintext })
      expect(open({ key: key(), context: one, sealed: value }).reveal()).toEqual(plaintext)
      expect(() => open({ key: key(), context: two, sealed: value })).toThrow(
        expect.objectContaining({ code: 'SEAL_BROKEN' }),
      )
    }
  })

  it.each([0, 16, 31, 33])(
    'is neither made nor opened under a store key of %d octets',
    (length) => {
      const short = new Secret(new Uint8Array(length))
      const refusal = expect.objectContaining({
        code: 'KEY_INVALID',
        message: `a store key has ${length} octets, not 32`,
      })
      expect(() => seal({ key: short, random: systemRandom, context, plaintext })).toThrow(refusal)
      expect(() => open({ key: short, context, sealed })).toThrow(refusal)
    },
  )
})
