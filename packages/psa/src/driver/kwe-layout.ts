import { blobIvLength, blobTagLength, type CcbCurve, type WrappedUsage } from '../ccb/index.ts'
import { isEcdh, signatureAlgorithm } from '../key/algorithm.ts'
import type { KeyAttributes } from '../key/attributes.ts'
import { curveOf, curveOfLength } from '../key/type.ts'
import { failed, succeeded, type PsaResult } from '../status/result.ts'
import { PsaStatus } from '../status/status.ts'

/** An elliptic key as the engine wraps it. */
export interface WrappedCurve {
  readonly usage: WrappedUsage
  readonly curve: CcbCurve
  readonly bits: number
  /** Octets of the scalar. */
  readonly length: number
}

/**
 * Usage and curve of an elliptic key by its policy, family and size; with size 0 by the length of the clear key.
 * NOT_SUPPORTED for a policy that is neither ECDSA nor ECDH and for a curve that does not fill whole blocks (D5, D7),
 * INVALID_ARGUMENT for no curve at all.
 */
export function curveKeyFor(
  { type, bits, algorithm }: KeyAttributes,
  dataLength?: number,
): PsaResult<WrappedCurve> {
  const usage = usageOf(algorithm)
  if (usage === undefined) return failed(PsaStatus.notSupported)
  const entry =
    bits === 0 && dataLength !== undefined ? curveOfLength(type, dataLength) : curveOf(type, bits)
  if (entry === 'unknown') return failed(PsaStatus.invalidArgument)
  const { curve } = entry
  if (curve !== 'P-256' && curve !== 'P-384') return failed(PsaStatus.notSupported)
  return succeeded({ usage, curve, bits: entry.bits, length: entry.bits / 8 })
}

function usageOf(policy: number): WrappedUsage | undefined {
  if (isEcdh(policy)) return 'ecc'
  const family = signatureAlgorithm(policy)?.family
  return family === 'ecdsa' || family === 'deterministic-ecdsa' ? 'ecdsa' : undefined
}

/** `IV (16) ‖ TAG (16) ‖ scalar`. */
export function eccBufferLength(scalarLength: number): number {
  return blobIvLength + blobTagLength + scalarLength
}

/** What the engine reserves for an RSA key: three times its largest export, whatever it will need. */
export function rsaBufferSize(bits: number): number {
  const longestHalf = Math.floor((Math.floor(bits / 2) + 1) / 8) + 5
  return blobIvLength + blobTagLength + 3 * (9 * longestHalf + 14)
}
