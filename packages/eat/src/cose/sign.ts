import { hashOf } from '@keyline/crypto'
import type { CborMap } from '../cbor/value.ts'
import { cborMap } from '../cbor/value.ts'
import type { CoseAlgorithm } from './algorithm.ts'
import { encodeEnvelope, encodeProtected } from './envelope.ts'
import { HeaderLabel } from './header.ts'
import { toBeAuthenticated } from './structure.ts'

/** Who signs: takes the digest of the Sig_structure by the hash of the algorithm, gives r ‖ s. The key stays there. */
export interface DigestSigner {
  readonly algorithm: CoseAlgorithm
  signDigest(digest: Uint8Array): Uint8Array | Promise<Uint8Array>
}

export interface SignableContent {
  readonly payload: Uint8Array
  /** Parameters beside the algorithm, which stands first. */
  readonly protectedHeader?: CborMap | undefined
  readonly unprotectedHeader?: CborMap | undefined
  readonly externalData?: Uint8Array | undefined
}

/** COSE_Sign1 in two steps of which the signer's is the second: hash, then signature over the hash. */
export async function signEnvelope(
  content: SignableContent,
  signer: DigestSigner,
): Promise<Uint8Array<ArrayBuffer>> {
  const { payload, unprotectedHeader, externalData } = content
  const { algorithm } = signer
  const protectedOctets = protectedHeaderOf(algorithm, content.protectedHeader)
  const message = toBeAuthenticated({ kind: 'sign1', protectedOctets, payload, externalData })
  const signature = await signer.signDigest(hashOf(algorithm.hash, message))
  return encodeEnvelope({ kind: 'sign1', protectedOctets, unprotectedHeader, payload, signature })
}

/** The protected header: the algorithm first, then the others in their order. */
export function protectedHeaderOf(
  algorithm: CoseAlgorithm,
  others: CborMap = new Map(),
): Uint8Array<ArrayBuffer> {
  return encodeProtected(cborMap([HeaderLabel.algorithm, algorithm.id], ...others))
}
