import { concat } from '@keyline/bytes'
import { isPublicKey } from '@keyline/crypto'
import type { CcbCurve } from './curve-parameters.ts'

const uncompressedMark = 0x04

/** True for `04 ‖ X ‖ Y` of a point on the curve. */
export function isUncompressedPoint(curve: CcbCurve, octets: Uint8Array): boolean {
  return octets[0] === uncompressedMark && isPublicKey(curve, octets.subarray(1))
}

/** `04 ‖ X ‖ Y`. */
export function uncompressed(point: Uint8Array): Uint8Array<ArrayBuffer> {
  return concat(Uint8Array.of(uncompressedMark), point)
}
