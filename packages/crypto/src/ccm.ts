import { createCipheriv, createDecipheriv, type CipherCCMTypes } from 'node:crypto'
import { concat } from '@keyline/bytes'
import { aesBits, applyCtr } from './aes.ts'
import { CryptoError } from './errors.ts'
import { ownOctets } from './own-octets.ts'

export interface CcmContext {
  /** 16, 24 or 32 octets. */
  readonly key: Uint8Array
  /** 7 to 13 octets, never twice under one key; with 13 a message has at most 65 535 octets. */
  readonly nonce: Uint8Array
  readonly associatedData: Uint8Array
  /** 4, 6 … 16 octets; 0 is CCM* without authentication, which is AES-CTR. */
  readonly tagLength: number
}

/** AES-CCM (RFC 3610, SP 800-38C) and CCM*: `ciphertext ‖ tag`. @throws CryptoError `CIPHER_PARAMETER` */
export function encryptCcm(
  context: CcmContext & { readonly plaintext: Uint8Array },
): Uint8Array<ArrayBuffer> {
  const { key, nonce, associatedData, plaintext, tagLength } = context
  const name = cipherOf(context, plaintext.length)
  if (tagLength === 0) return applyCtr({ key, iv: firstCounterBlock(nonce), octets: plaintext })
  const cipher = createCipheriv(name, key, nonce, { authTagLength: tagLength })
  cipher.setAAD(associatedData, { plaintextLength: plaintext.length })
  const ciphertext = cipher.update(inMemory(plaintext))
  cipher.final()
  return concat(ciphertext, cipher.getAuthTag())
}

/**
 * Opens `ciphertext ‖ tag`; nothing is told of why it does not open. With tag length 0 everything opens.
 * @throws CryptoError `CIPHER_PARAMETER`
 */
export function decryptCcm(
  context: CcmContext & { readonly encrypted: Uint8Array },
): Uint8Array<ArrayBuffer> | undefined {
  const { key, nonce, associatedData, encrypted, tagLength } = context
  const length = encrypted.length - tagLength
  const name = cipherOf(context, Math.max(0, length))
  if (length < 0) return undefined
  if (tagLength === 0) return applyCtr({ key, iv: firstCounterBlock(nonce), octets: encrypted })
  const decipher = createDecipheriv(name, key, nonce, { authTagLength: tagLength })
  decipher.setAuthTag(encrypted.subarray(length))
  decipher.setAAD(associatedData, { plaintextLength: length })
  try {
    const plaintext = ownOctets(decipher.update(inMemory(encrypted.subarray(0, length))))
    decipher.final()
    return plaintext
  } catch {
    return undefined
  }
}

/** An empty buffer has no address, and without one OpenSSL takes the update for no message at all and makes no tag. */
function inMemory(octets: Uint8Array): Uint8Array {
  return octets.length === 0 ? new Uint8Array(1).subarray(1) : octets
}

/** Counter block of the first octet of the message: `L − 1 ‖ nonce ‖ 1` (RFC 3610 section 2.3). */
export function firstCounterBlock(nonce: Uint8Array): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(16)
  block[0] = 14 - nonce.length
  block.set(nonce, 1)
  block[15] = 1
  return block
}

function cipherOf({ key, nonce, tagLength }: CcmContext, length: number): CipherCCMTypes {
  const isTag = tagLength === 0 || (tagLength >= 4 && tagLength <= 16 && tagLength % 2 === 0)
  if (!isTag || nonce.length < 7 || nonce.length > 13) {
    throw new CryptoError(
      'CIPHER_PARAMETER',
      `AES-CCM takes a nonce of 7 to 13 octets and a tag of 0, 4, 6 … 16, not ${nonce.length} and ${tagLength}`,
    )
  }
  if (length >= 2 ** (8 * (15 - nonce.length))) {
    throw new CryptoError(
      'CIPHER_PARAMETER',
      `a nonce of ${nonce.length} octets leaves no room for the length of ${length} octets`,
    )
  }
  return `aes-${aesBits(key)}-ccm`
}
