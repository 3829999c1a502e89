import type { Secret } from '@keyline/bytes'
import type { WeierstrassCurve } from '@keyline/crypto'
import type { Validity } from '@keyline/eat'

/** Curves that tokens are signed on. */
export const anchorCurves = [
  'P-256',
  'P-384',
  'P-521',
] as const satisfies readonly WeierstrassCurve[]
export type AnchorCurve = (typeof anchorCurves)[number]

/** Key of a device as it is kept: octets, since a parsed key takes twenty times as much memory (V31). */
export type AnchorKey =
  | {
      readonly type: 'ec'
      readonly curve: AnchorCurve
      /** X ‖ Y, big endian. */ readonly point: Uint8Array
    }
  | { readonly type: 'symmetric'; readonly secret: Secret }

export type AnchorState = 'active' | 'revoked'

/** A device that is known by its key. */
export interface TrustAnchor {
  /** 32 octets. */
  readonly implementationId: Uint8Array
  /** 33 octets, an opaque name. */
  readonly instanceId: Uint8Array
  readonly key: AnchorKey
  readonly state: AnchorState
  /** Of the CoRIM that names it. */
  readonly validity?: Validity | undefined
  /** Id of that CoRIM. */
  readonly source?: string | undefined
}

/** True when a moment in seconds since 1970 is inside, both ends included. */
export function isWithin({ notBefore, notAfter }: Validity, seconds: number): boolean {
  return seconds >= (notBefore ?? Number.NEGATIVE_INFINITY) && seconds <= notAfter
}

export function isAnchorCurve(curve: string): curve is AnchorCurve {
  return anchorCurves.some((name) => name === curve)
}
