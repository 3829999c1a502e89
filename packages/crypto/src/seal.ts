import { concat, encodeUtf8, Secret, type Random } from '@keyline/bytes'
import { CryptoError } from './errors.ts'
import { decryptGcm, encryptGcm } from './gcm.ts'

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
  const encrypted = encryptGcm({
    key: sealingKey(input.key),
    nonce,
    associatedData: associatedData(input.context),
    plaintext: input.plaintext,
  })
  return concat(Uint8Array.of(formatVersion), nonce, encrypted)
}

/** @throws CryptoError `SEAL_BROKEN`, one error for every reason */
export function open(input: OpenInput): Secret {
  const { sealed } = input
  const plaintext =
    sealed.length < 29 || sealed[0] !== formatVersion
      ? undefined
      : decryptGcm({
          key: sealingKey(input.key),
          nonce: sealed.subarray(1, 13),
          associatedData: associatedData(input.context),
          encrypted: sealed.subarray(13),
        })
  if (plaintext !== undefined) return new Secret(plaintext)
  const { record, column } = input.context
  throw new CryptoError('SEAL_BROKEN', `the sealed ${column} of ${record} could not be opened`)
}

/** A store key that is not 256 bits long is refused before it seals anything. */
function sealingKey(key: Secret): Uint8Array {
  const octets = key.reveal()
  if (octets.length === 32) return octets
  throw new CryptoError('KEY_INVALID', `a store key has ${octets.length} octets, not 32`)
}

function associatedData(context: SealContext): Uint8Array {
  // A JSON list, so that no two contexts read the same whatever characters they have.
  return encodeUtf8(JSON.stringify(['keyline-seal/1', context.record, context.column]))
}
