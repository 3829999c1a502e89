import { concat } from '@keyline/bytes'
import type { SignatureClaim } from './signature-verifier.ts'

/** Claims on their way to another thread: the octets of all in one piece, which changes hands and is not copied. */
export interface ClaimBatch {
  readonly octets: Uint8Array<ArrayBuffer>
  /** Of point, message and signature of each claim in turn. */
  readonly lengths: readonly number[]
}

export function packClaims(claims: readonly SignatureClaim[]): ClaimBatch {
  const parts = claims.flatMap(({ point, message, signature }) => [point, message, signature])
  return { octets: concat(...parts), lengths: parts.map(({ length }) => length) }
}

export function unpackClaims({ octets, lengths }: ClaimBatch): readonly SignatureClaim[] {
  let end = 0
  const next = (length = 0): Uint8Array => octets.subarray(end, (end += length))
  return Array.from({ length: lengths.length / 3 }, (_, place) => ({
    point: next(lengths[3 * place]),
    message: next(lengths[3 * place + 1]),
    signature: next(lengths[3 * place + 2]),
  }))
}
