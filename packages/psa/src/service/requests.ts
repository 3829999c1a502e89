import type { KeyAttributes } from '../key/attributes.ts'

export interface ImportRequest {
  readonly attributes: KeyAttributes
  readonly data: Uint8Array
  /** `data_length`, where it is not the length of the buffer. */
  readonly dataLength?: number | undefined
}

interface KeyUse {
  /** Id of the key. */
  readonly key: number
  readonly algorithm: number
}

interface Sized {
  /** Octets of the output buffer; as many as the result has unless given. */
  readonly size?: number | undefined
}

export interface SignHashRequest extends KeyUse, Sized {
  readonly hash: Uint8Array
}

export interface VerifyHashRequest extends KeyUse {
  readonly hash: Uint8Array
  readonly signature: Uint8Array
}

export interface SignMessageRequest extends KeyUse, Sized {
  readonly message: Uint8Array
}

export interface MacRequest extends KeyUse, Sized {
  readonly input: Uint8Array
}

export interface VerifyMessageRequest extends KeyUse {
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

export interface AgreementRequest extends KeyUse, Sized {
  /** Public key of the other side, in the export form of its type. */
  readonly peerKey: Uint8Array
}

export interface DecryptRequest extends KeyUse, Sized {
  readonly input: Uint8Array
  /** For OAEP alone. */
  readonly label?: Uint8Array | undefined
}

export interface CipherRequest extends KeyUse, Sized {
  /** Plaintext, or `IV ‖ ciphertext`. */
  readonly input: Uint8Array
}

export interface AeadRequest extends KeyUse, Sized {
  readonly nonce: Uint8Array
  readonly associatedData: Uint8Array
  /** Plaintext, or `ciphertext ‖ tag (16)`. */
  readonly input: Uint8Array
}

export interface HashRequest extends Sized {
  readonly algorithm: number
  readonly input: Uint8Array
}

export interface HashComparison {
  readonly algorithm: number
  readonly input: Uint8Array
  readonly hash: Uint8Array
}
