import type { HashAlgorithm, WeierstrassCurve } from '@keyline/crypto'
import type { CborValue } from '../cbor/value.ts'

/** What authenticates an envelope: a signature (COSE_Sign1) or a MAC (COSE_Mac0). */
export type EnvelopeKind = 'sign1' | 'mac0'

/** All that is known of an algorithm of COSE (RFC 9053 sections 2.1 and 3.1, RFC 8230 section 2). */
export interface CoseAlgorithm {
  readonly id: number
  readonly name: string
  readonly kind: EnvelopeKind
  readonly hash: HashAlgorithm
  /** Curve that attestation asks for; COSE itself binds none. RSA and MACs have none. */
  readonly curve?: WeierstrassCurve
  /** Octets of the MAC. */
  readonly macLength?: number
}

export const coseAlgorithms = {
  ES256: { id: -7, name: 'ES256', kind: 'sign1', hash: 'SHA-256', curve: 'P-256' },
  ES384: { id: -35, name: 'ES384', kind: 'sign1', hash: 'SHA-384', curve: 'P-384' },
  ES512: { id: -36, name: 'ES512', kind: 'sign1', hash: 'SHA-512', curve: 'P-521' },
  PS256: { id: -37, name: 'PS256', kind: 'sign1', hash: 'SHA-256' },
  PS384: { id: -38, name: 'PS384', kind: 'sign1', hash: 'SHA-384' },
  PS512: { id: -39, name: 'PS512', kind: 'sign1', hash: 'SHA-512' },
  HS256T64: { id: 4, name: 'HMAC 256/64', kind: 'mac0', hash: 'SHA-256', macLength: 8 },
  HS256: { id: 5, name: 'HMAC 256/256', kind: 'mac0', hash: 'SHA-256', macLength: 32 },
  HS384: { id: 6, name: 'HMAC 384/384', kind: 'mac0', hash: 'SHA-384', macLength: 48 },
  HS512: { id: 7, name: 'HMAC 512/512', kind: 'mac0', hash: 'SHA-512', macLength: 64 },
} as const satisfies Readonly<Record<string, CoseAlgorithm>>

/** Those that a token may be signed with (attestation 8.6). */
export const evidenceAlgorithms: readonly CoseAlgorithm[] = [
  coseAlgorithms.ES256,
  coseAlgorithms.ES384,
  coseAlgorithms.ES512,
  coseAlgorithms.HS256,
  coseAlgorithms.HS384,
  coseAlgorithms.HS512,
]

const algorithmsById: ReadonlyMap<CborValue, CoseAlgorithm> = new Map(
  Object.values<CoseAlgorithm>(coseAlgorithms).map((algorithm) => [algorithm.id, algorithm]),
)

/** The algorithm that a header names; nothing when it is not known here. */
export function coseAlgorithm(id: CborValue): CoseAlgorithm | undefined {
  return algorithmsById.get(id)
}
