import { createCipheriv, createDecipheriv } from 'node:crypto'
import { concat, fromHex } from '@keyline/bytes'
import { aesBits } from './aes.ts'
import { CryptoError } from './errors.ts'

/** Default initial value (RFC 3394 section 2.2.3.1). */
const initialValue = fromHex('a6a6a6a6a6a6a6a6')

export interface KeyWrapInput {
  /** Key encryption key: 16, 24 or 32 octets. */
  readonly key: Uint8Array
  readonly octets: Uint8Array
}

/**
 * AES key wrap (RFC 3394, KW of SP 800-38F): 8 octets more than went in.
 * @param input octets: at least 16, a multiple of 8
 * @throws CryptoError `CIPHER_PARAMETER`
 */
export function wrapKey({ key, octets }: KeyWrapInput): Uint8Array<ArrayBuffer> {
  if (octets.length < 16 || octets.length % 8 !== 0) {
    throw new CryptoError(
      'CIPHER_PARAMETER',
      `AES key wrap takes 16 octets or more by 8, not ${octets.length}`,
    )
  }
  const cipher = createCipheriv(`id-aes${aesBits(key)}-wrap`, key, initialValue)
  return concat(cipher.update(octets), cipher.final())
}

/**
 * Undoes `wrapKey`; nothing when the octets were not wrapped with this key, or cannot be by their length.
 * @throws CryptoError `CIPHER_PARAMETER` for the key
 */
export function unwrapKey({ key, octets }: KeyWrapInput): Uint8Array<ArrayBuffer> | undefined {
  const name = `id-aes${aesBits(key)}-wrap`
  // OpenSSL opens an empty envelope to an empty key.
  if (octets.length < 24 || octets.length % 8 !== 0) return undefined
  const decipher = createDecipheriv(name, key, initialValue)
  try {
    return concat(decipher.update(octets), decipher.final())
  } catch {
    return undefined
  }
}
