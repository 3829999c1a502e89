import { encodeUtf8 } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { generateP256, verifyP256Der, type P256KeyPair } from './p256.ts'
import { keyPairSigner } from './signer.ts'

describe('a signer over a key of this process', () => {
  it('signs for the public key that it names', async () => {
    const signer = keyPairSigner(generateP256())
    const message = encodeUtf8('to be signed')
    const signature = await signer.sign(message)
    expect(verifyP256Der({ publicKey: signer.publicKey, message, signature })).toBe(true)
  })

  it('does not hand the key out', () => {
    const signer = keyPairSigner(generateP256())
    expect(Object.keys(signer).toSorted()).toEqual(['publicKey', 'sign'])
    expect(signer.publicKey.handle.type).toBe('public')
  })

  it('rejects, and does not throw, when the key cannot sign', async () => {
    const { publicKey } = generateP256()
    const broken: P256KeyPair = { publicKey, handle: publicKey.handle }
    const signing = keyPairSigner(broken).sign(encodeUtf8('x'))
    await expect(signing).rejects.toThrow()
  })
})
