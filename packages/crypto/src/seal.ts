import { createCipheriv, createDecipheriv } from 'node:crypto'
import { concat, encodeUtf8, Secret, type Random } from '@keyline/bytes'
import { CryptoError } from './errors.ts'

/** Where a sealed value belongs: it opens nowhere else. */
export interface SealContext {
  /** Record id. */
  readonly record: string
  /** Column or member of the record. */
  readonly column: string
}

export interface SealInput {
  /** 32 octets. */
  readonly key: Secret
  readonly random: Random
  readonly context: SealContext
  readonly plaintext: Uint8Array
}

export interface OpenInput {
  readonly key: Secret
  readonly context: SealContext
  readonly sealed: Uint8Array
}

const formatVersion = 1

/** AES-256-GCM under a fresh 96-bit nonce: `01 ‖ nonce (12) ‖ tag (16) ‖ ciphertext`. */
export function seal(input: SealInput): Uint8Array<ArrayBuffer> {
  const nonce = input.random.bytes(12)
  const cipher = createCipheriv('aes-256-gcm', input.key.reveal(), nonce)
  cipher.setAAD(associatedData(input.context))
  const ciphertext = concat(cipher.update(input.plaintext), cipher.final())
  return concat(Uint8Array.of(formatVersion), nonce, cipher.getAuthTag(), ciphertext)
}

/** @throws CryptoError `SEAL_BROKEN`, one error for every reason */
export function open(input: OpenInput): Secret {
  const { sealed } = input
  try {
    if (sealed.length < 29 || sealed[0] !== formatVersion) throw new Error('form')
    const decipher = createDecipheriv('aes-256-gcm', input.key.reveal(), sealed.subarray(1, 13), {
      authTagLength: 16,
    })
    decipher.setAAD(associatedData(input.context))
    decipher.setAuthTag(sealed.subarray(13, 29))
    return new Secret(concat(decipher.update(sealed.subarray(29)), decipher.final()))
  } catch {
    const { record, column } = input.context
    throw new CryptoError('SEAL_BROKEN', `the sealed ${column} of ${record} could not be opened`)
  }
}

function associatedData(context: SealContext): Uint8Array {
  return encodeUtf8(`keyline-seal/1\n${context.record}\n${context.column}`)
}
