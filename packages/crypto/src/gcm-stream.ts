import { createCipheriv, createDecipheriv } from 'node:crypto'
import { equalSecret } from '@keyline/bytes'
import { aesBits } from './aes.ts'
import { CryptoError } from './errors.ts'
import { ownOctets } from './own-octets.ts'

export interface GcmStreamInput {
  readonly direction: 'encrypt' | 'decrypt'
  /** 16, 24 or 32 octets. */
  readonly key: Uint8Array
  /** 1 to 128 octets; 12 are usual. */
  readonly iv: Uint8Array
}

/** One AES-GCM operation (SP 800-38D) by pieces: the associated data, then the message, then the tag. */
export interface GcmStream {
  /** Goes before the first piece of the message. */
  authenticate(associatedData: Uint8Array): void
  /** As many octets as went in. What was decrypted is not authentic before the tag has been compared. */
  update(piece: Uint8Array): Uint8Array<ArrayBuffer>
  /** The 16 octets of the tag; a shorter tag is its beginning. Nothing may follow. */
  tag(): Uint8Array<ArrayBuffer>
}

const longestIv = 128

/** Starts one operation with an IV of any length that OpenSSL takes. @throws CryptoError `CIPHER_PARAMETER` */
export function gcmStream({ direction, key, iv }: GcmStreamInput): GcmStream {
  const name = `aes-${aesBits(key)}-gcm` as const
  if (iv.length === 0 || iv.length > longestIv) {
    throw new CryptoError(
      'CIPHER_PARAMETER',
      `the IV of AES-GCM has ${iv.length} octets, but must have 1 to ${longestIv}`,
    )
  }
  const cipher = createCipheriv(name, key, iv)
  // A decipher shows no tag. The same key stream over the plaintext that it gave makes the tag a second time.
  const decipher = direction === 'decrypt' ? createDecipheriv(name, key, iv) : undefined
  return {
    authenticate: (associatedData) => void cipher.setAAD(associatedData),
    update(piece) {
      if (decipher === undefined) return ownOctets(cipher.update(piece))
      const plaintext = ownOctets(decipher.update(piece))
      cipher.update(plaintext)
      return plaintext
    },
    tag() {
      cipher.final()
      return ownOctets(cipher.getAuthTag())
    },
  }
}

/** True when a tag of any length is the beginning of the computed one, in constant time. */
export function isTagOf(tag: Uint8Array, computed: Uint8Array): boolean {
  return equalSecret(tag, computed.subarray(0, tag.length))
}
