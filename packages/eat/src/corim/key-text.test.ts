import { seededRandom, toBase64 } from '@keyline/bytes'
import { generateCurveKeyPair } from '@keyline/crypto'
import { describe, expect, it } from 'vitest'
import { keyText, readKeyText } from './key-text.ts'

const pair = generateCurveKeyPair('P-256', seededRandom('key'))

describe('the text of a key', () => {
  it.each(['P-256', 'P-384', 'P-521'] as const)(
    'on %s is PEM as the runtime writes it, or base64',
    (curve) => {
      const { publicKey } = generateCurveKeyPair(curve, seededRandom(curve))
      const pem = keyText(publicKey)
      expect(pem).toBe(publicKey.handle.export({ format: 'pem', type: 'spki' }))
      expect(readKeyText(pem)?.octets).toEqual(publicKey.octets)
      const der = publicKey.handle.export({ format: 'der', type: 'spki' })
      expect(readKeyText(toBase64(der))?.curve).toBe(curve)
      const off = Uint8Array.from(der).fill(1, -4)
      expect(readKeyText(toBase64(off))).toBeUndefined()
    },
  )

  it('is none for a private key, another curve, or anything else', () => {
    const brainpool = generateCurveKeyPair('brainpoolP256r1', seededRandom('b')).publicKey
    const texts = [
      pair.handle.export({ format: 'pem', type: 'pkcs8' }).toString(),
      brainpool.handle.export({ format: 'pem', type: 'spki' }).toString(),
      'AAAA',
      '',
    ]
    expect(texts.map(readKeyText)).toEqual([undefined, undefined, undefined, undefined])
    expect(() => keyText(brainpool)).toThrow(TypeError)
  })
})
