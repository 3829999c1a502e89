import { coseAlgorithms, type CoseAlgorithm } from '@keyline/eat'
import { Algorithm } from '../key/algorithm.ts'

/** How tokens are authenticated: an algorithm of COSE and the same in PSA. */
export interface TokenAlgorithm {
  readonly cose: CoseAlgorithm
  /** For the hash of the Sig_structure; none for a MAC. */
  readonly hash: number | undefined
  readonly psa: number
  /** Octets of the signature or MAC. */
  readonly length: number
}

export const tokenAlgorithms = {
  ES256: {
    cose: coseAlgorithms.ES256,
    hash: Algorithm.sha256,
    psa: Algorithm.ecdsaSha256,
    length: 64,
  },
  ES384: {
    cose: coseAlgorithms.ES384,
    hash: Algorithm.sha384,
    psa: Algorithm.ecdsaSha384,
    length: 96,
  },
  ES512: {
    cose: coseAlgorithms.ES512,
    hash: Algorithm.sha512,
    psa: Algorithm.ecdsaSha512,
    length: 132,
  },
  HS256: {
    cose: coseAlgorithms.HS256,
    hash: undefined,
    psa: Algorithm.hmacSha256,
    length: 32,
  },
} as const satisfies Readonly<Record<string, TokenAlgorithm>>
export type TokenAlgorithmName = keyof typeof tokenAlgorithms
