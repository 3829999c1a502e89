import { constants, generateKeyPairSync, sign } from 'node:crypto'
import { encodeUtf8 } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { generateP256 } from './p256.ts'
import { verifyRsaPss } from './rsa-pss.ts'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const message = encodeUtf8('to be signed')

function signature(saltLength: number): Uint8Array {
  const padding = constants.RSA_PKCS1_PSS_PADDING
  return Uint8Array.from(sign('sha256', message, { key: privateKey, padding, saltLength }))
}

function verifies(input: { message: Uint8Array; signature: Uint8Array }): boolean {
  return verifyRsaPss(publicKey, { hash: 'SHA-256', ...input })
}

describe('RSASSA-PSS', () => {
  it('verifies a signature whose salt is as long as the digest, and no other', () => {
    expect(verifies({ message, signature: signature(32) })).toBe(true)
    expect(verifies({ message, signature: signature(20) })).toBe(false)
    expect(verifies({ message: encodeUtf8('other'), signature: signature(32) })).toBe(false)
    expect(verifies({ message, signature: new Uint8Array(256) })).toBe(false)
  })

  it('refuses a key that is none of RSA', () => {
    const key = generateP256().publicKey.handle
    expect(() =>
      verifyRsaPss(key, { message, hash: 'SHA-256', signature: new Uint8Array(64) }),
    ).toThrow('type ec, not rsa')
  })
})
