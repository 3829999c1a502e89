import type { GcmStream, HashAlgorithm } from '@keyline/crypto'
import type { CurveName } from '@keyline/stsafe/layout'
import type { PrivateKey } from './state.ts'

/** All that ends with a reset (Appendix C): contexts of sequences, and what was proven. */
export interface VolatileState {
  /** Takes effect at reset and power cycle. */
  address: number
  hash: HashContext | undefined
  cipher: CipherContext | undefined
  /** Of 1F 0B, until a command has used it. */
  ecdhe: EphemeralPair | undefined
  /** Of private key slot FF. */
  ephemeralKey: PrivateKey | undefined
  kek: KekSession | undefined
  established: Established | undefined
  challenge: Uint8Array | undefined
  isEntityAuthenticated: boolean
  isPasswordVerified: boolean
}

/** Contexts are kept as what came in, from which the running state can be made again: a snapshot holds them. */
export interface HashContext {
  readonly algorithm: HashAlgorithm
  readonly parts: Uint8Array[]
}

export interface CipherContext {
  readonly direction: 'encrypt' | 'decrypt'
  readonly mode: 'CCM*' | 'GCM'
  readonly key: Uint8Array
  readonly nonce: Uint8Array
  readonly tagLength: number
  /** CCM* only: what start has announced. */
  readonly totalAad: number
  readonly totalMessage: number
  readonly aadParts: Uint8Array[]
  /** Plaintext to encrypt, or ciphertext to decrypt. */
  readonly parts: Uint8Array[]
  /** The running state of GCM; made again from the parts where it is missing. */
  stream: GcmStream | undefined
}

/** Most octets that a context keeps, so that no sequence of commands can fill the memory: minutes of I2C traffic. */
export const contextLimit = 16 * 1024 * 1024

export function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0)
}

export interface EphemeralPair {
  readonly curve: CurveName
  readonly privateKey: Uint8Array
}

/** Who authenticated an agreement: a generic public key slot, or nobody. */
export type Signer = number | undefined

export interface KekSession {
  readonly base: Uint8Array
  /** Number of the working KEK used last. */
  readonly index: number
  readonly signer: Signer
}

export interface Established {
  readonly secret: Uint8Array
  readonly signer: Signer
}

/** Takes note of the contexts as they are; what it returns puts them back. A command that is refused for the length of its answer leaves none behind. */
export function markOf(volatile: VolatileState): () => void {
  const before = { ...volatile }
  const { cipher } = before
  const [aads, pieces] = [cipher?.aadParts.length ?? 0, cipher?.parts.length ?? 0]
  return () => {
    Object.assign(volatile, before)
    if (cipher === undefined) return
    cipher.aadParts.length = aads
    cipher.parts.length = pieces
    // Made again from the parts: it has taken in what is undone.
    cipher.stream = undefined
  }
}

export function freshVolatile(address: number): VolatileState {
  return {
    address,
    hash: undefined,
    cipher: undefined,
    ecdhe: undefined,
    ephemeralKey: undefined,
    kek: undefined,
    established: undefined,
    challenge: undefined,
    isEntityAuthenticated: false,
    isPasswordVerified: false,
  }
}
