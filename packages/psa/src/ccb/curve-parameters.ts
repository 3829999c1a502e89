import { fromHex } from '@keyline/bytes'
import { weierstrassCurves } from '@keyline/crypto'
import { octetsOf } from '../primitive/modular.ts'

/** Curves whose numbers fill whole 128-bit blocks (decisions D5, D7). */
export type CcbCurve = 'P-256' | 'P-384'

/** A curve as the PKA takes it: numbers big endian, one coordinate length each. */
export interface CurveParameters {
  readonly length: number
  readonly isANegative: boolean
  readonly absoluteA: Uint8Array
  readonly b: Uint8Array
  readonly p: Uint8Array
  readonly n: Uint8Array
  readonly gx: Uint8Array
  readonly gy: Uint8Array
}

/** b, Gx and Gy (SP 800-186 section 3.2.1); a is −3 on both curves. */
const published = {
  'P-256': {
    b: '5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b',
    gx: '6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296',
    gy: '4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
  },
  'P-384': {
    b: 'b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef',
    gx: 'aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7',
    gy: '3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f',
  },
} as const satisfies Readonly<Record<CcbCurve, unknown>>

export const curveParameters: Readonly<Record<CcbCurve, CurveParameters>> = {
  'P-256': parametersOf('P-256'),
  'P-384': parametersOf('P-384'),
}

function parametersOf(curve: CcbCurve): CurveParameters {
  const { length, p, n } = weierstrassCurves[curve]
  const { b, gx, gy } = published[curve]
  return {
    length,
    isANegative: true,
    absoluteA: octetsOf(3n, length),
    b: fromHex(b),
    p: octetsOf(p, length),
    n: octetsOf(n, length),
    gx: fromHex(gx),
    gy: fromHex(gy),
  }
}
