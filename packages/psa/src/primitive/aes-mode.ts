import { concat, equalSecret } from '@keyline/bytes'
import {
  decryptCbc,
  decryptCcm,
  decryptEcb,
  encryptCbc,
  encryptCcm,
  encryptEcb,
  gcmStream,
} from '@keyline/crypto'

export type BlockMode = 'ecb' | 'cbc'
export type AuthenticatedMode = 'gcm' | 'ccm'
export type Direction = 'encrypt' | 'decrypt'

/** Octets of the tag behind a ciphertext. */
export const aeadTagLength = 16

/** Octets of the initialisation vector of a block mode. */
export const ivLength = { ecb: 0, cbc: 16 } as const satisfies Readonly<Record<BlockMode, number>>

export interface BlockOperation {
  readonly mode: BlockMode
  readonly direction: Direction
  /** As long as its mode says. */
  readonly iv: Uint8Array
  /** Whole blocks of 16 octets. */
  readonly octets: Uint8Array
}

export function applyBlockMode(
  key: Uint8Array,
  { mode, direction, iv, octets }: BlockOperation,
): Uint8Array<ArrayBuffer> {
  if (mode === 'ecb') {
    return direction === 'encrypt' ? encryptEcb({ key, octets }) : decryptEcb({ key, octets })
  }
  return direction === 'encrypt' ? encryptCbc({ key, iv, octets }) : decryptCbc({ key, iv, octets })
}

export interface AuthenticatedOperation {
  readonly mode: AuthenticatedMode
  readonly direction: Direction
  /** GCM: 1 to 128 octets; CCM: 7 to 13. */
  readonly nonce: Uint8Array
  readonly associatedData: Uint8Array
  /** Plaintext, or `ciphertext ‖ tag (16)`. */
  readonly octets: Uint8Array
}

/** A nonce that the mode takes, for a message of this length: CCM counts its octets beside the nonce. */
export function isNonceOf(
  mode: AuthenticatedMode,
  { length }: Uint8Array,
  messageLength: number,
): boolean {
  if (mode === 'gcm') return length >= 1 && length <= 128
  return length >= 7 && length <= 13 && messageLength < 2 ** (8 * (15 - length))
}

/** `ciphertext ‖ tag`, or the plaintext; nothing when the tag does not hold. */
export function applyAuthenticatedMode(
  key: Uint8Array,
  operation: AuthenticatedOperation,
): Uint8Array<ArrayBuffer> | undefined {
  const { mode, direction, nonce, associatedData, octets } = operation
  if (mode === 'ccm') {
    const context = { key, nonce, associatedData, tagLength: aeadTagLength }
    return direction === 'encrypt'
      ? encryptCcm({ ...context, plaintext: octets })
      : decryptCcm({ ...context, encrypted: octets })
  }
  const stream = gcmStream({ direction, key, iv: nonce })
  stream.authenticate(associatedData)
  if (direction === 'encrypt') return concat(stream.update(octets), stream.tag())
  if (octets.length < aeadTagLength) return undefined
  const plaintext = stream.update(octets.subarray(0, -aeadTagLength))
  if (equalSecret(stream.tag(), octets.subarray(-aeadTagLength))) return plaintext
  plaintext.fill(0)
  return undefined
}
