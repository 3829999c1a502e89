import type { HashAlgorithm } from '@keyline/crypto'
import type { KeyAttributes } from '../key/attributes.ts'
import type { AuthenticatedOperation, BlockOperation } from '../primitive/aes-mode.ts'
import type { PsaResult } from '../status/result.ts'

/** A key as a driver gets it from the core: what is known of it, and octets that only the driver understands. */
export interface DriverKey {
  readonly attributes: KeyAttributes
  readonly data: Uint8Array
}

/** What a driver makes of a new key. */
export interface NewKeyData {
  readonly data: Uint8Array
  /** Size of the key as the driver found it. */
  readonly bits: number
}

export interface ImportInput {
  readonly attributes: KeyAttributes
  /** As many octets as the caller declared. */
  readonly data: Uint8Array
  /** The whole buffer of the caller, which may be longer. */
  readonly buffer: Uint8Array
}

export interface SignHashInput {
  readonly algorithm: number
  readonly hash: Uint8Array
}

export interface VerifyHashInput extends SignHashInput {
  readonly signature: Uint8Array
}

export interface MacInput {
  readonly hash: HashAlgorithm
  readonly input: Uint8Array
}

export interface DecryptInput {
  readonly algorithm: number
  readonly input: Uint8Array
  readonly label: Uint8Array
}

/**
 * What serves the keys of one location (chapter 3). A transparent driver gets clear keys, an opaque one its own key
 * buffers. An entry point that a driver lacks is left out; the core knows what to answer then.
 */
export interface Driver {
  readonly location: number
  /** Octets to reserve for a new key; 0 when the driver has nothing for its type. */
  keyBufferSize(attributes: KeyAttributes, dataLength: number): number
  importKey(input: ImportInput): PsaResult<NewKeyData>
  generateKey(attributes: KeyAttributes): PsaResult<NewKeyData>
  exportPublicKey(key: DriverKey): PsaResult<Uint8Array>
  exportKey?(key: DriverKey): PsaResult<Uint8Array>
  signHash(key: DriverKey, input: SignHashInput): PsaResult<Uint8Array>
  verifyHash?(key: DriverKey, input: VerifyHashInput): PsaResult<true>
  computeMac?(key: DriverKey, input: MacInput): PsaResult<Uint8Array>
  agree(key: DriverKey, peer: Uint8Array): PsaResult<Uint8Array>
  decrypt(key: DriverKey, input: DecryptInput): PsaResult<Uint8Array>
  applyBlocks(key: DriverKey, operation: BlockOperation): PsaResult<Uint8Array>
  applyAuthenticated(key: DriverKey, operation: AuthenticatedOperation): PsaResult<Uint8Array>
}
