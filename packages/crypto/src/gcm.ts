import { createCipheriv, createDecipheriv, type CipherGCMTypes } from 'node:crypto'
import { concat } from '@keyline/bytes'
import { CryptoError } from './errors.ts'
import { ownOctets } from './own-octets.ts'

const nonceLength = 12
const tagLength = 16

const ciphers: ReadonlyMap<number, CipherGCMTypes> = new Map([
  [16, 'aes-128-gcm'],
  [24, 'aes-192-gcm'],
  [32, 'aes-256-gcm'],
])

export interface GcmContext {
  /** 16, 24 or 32 octets. */
  readonly key: Uint8Array
  /** 12 octets, never twice under one key. */
  readonly nonce: Uint8Array
  readonly associatedData: Uint8Array
}

/** AES-GCM (SP 800-38D) with 96-bit nonces alone: `tag (16) ‖ ciphertext`. @throws CryptoError `KEY_INVALID` */
export function encryptGcm(
  context: GcmContext & { readonly plaintext: Uint8Array },
): Uint8Array<ArrayBuffer> {
  const cipher = createCipheriv(cipherOf(context), context.key, context.nonce)
  cipher.setAAD(context.associatedData)
  const ciphertext = cipher.update(context.plaintext)
  cipher.final()
  return concat(cipher.getAuthTag(), ciphertext)
}

/**
 * Opens `tag (16) ‖ ciphertext`; nothing is told of why it does not open.
 * @throws CryptoError `KEY_INVALID`
 */
export function decryptGcm(
  context: GcmContext & { readonly encrypted: Uint8Array },
): Uint8Array<ArrayBuffer> | undefined {
  const name = cipherOf(context)
  if (context.encrypted.length < tagLength) return undefined
  const decipher = createDecipheriv(name, context.key, context.nonce, { authTagLength: tagLength })
  decipher.setAAD(context.associatedData)
  decipher.setAuthTag(context.encrypted.subarray(0, tagLength))
  const plaintext = ownOctets(decipher.update(context.encrypted.subarray(tagLength)))
  try {
    decipher.final()
    return plaintext
  } catch {
    plaintext.fill(0)
    return undefined
  }
}

function cipherOf({ key, nonce }: GcmContext): CipherGCMTypes {
  const name = ciphers.get(key.length)
  if (name === undefined || nonce.length !== nonceLength) {
    throw new CryptoError(
      'KEY_INVALID',
      `AES-GCM takes a key of 16, 24 or 32 octets and a nonce of 12, not ${key.length} and ${nonce.length}`,
    )
  }
  return name
}
