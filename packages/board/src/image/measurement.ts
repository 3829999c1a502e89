import { encodeUtf8 } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { SoftwareComponent } from '@keyline/eat'
import { readFirmwareHeader, signedLength } from './firmware-image.ts'

/** What a measured image is: boot loader, PSA root of trust, application. */
export type MeasuredKind = 'BL' | 'PRoT' | 'App'

/** A measurement that says of what it is. */
export interface MeasuredComponent extends SoftwareComponent {
  readonly measurementType: MeasuredKind
}

/** Signer id of every simulated image: they are signed by a digest, so there is no key that it could be the hash of. */
export const simulatedSignerId: Uint8Array = sha256(encodeUtf8('SIMFW1 signer'))

/**
 * Measurement of an image (attestation section 8.5): SHA-256 over it, with the version of its header. The octets may
 * be the image itself or the flash from its start: what counts is the length that a signed image names, else all up to
 * the last octet that is not erased.
 */
export function measureImage(octets: Uint8Array, kind: MeasuredKind): MeasuredComponent {
  const image = octets.subarray(0, signedLength(octets) ?? usedLength(octets))
  return {
    measurementType: kind,
    measurementValue: sha256(image),
    version: readFirmwareHeader(image)?.version,
    signerId: simulatedSignerId,
    measurementDescription: 'sha-256',
  }
}

/** Length without the erased octets at the end. */
export function usedLength(octets: Uint8Array): number {
  let end = octets.length
  while (end > 0 && octets[end - 1] === 0xff) end--
  return end
}
