import { concat } from '@keyline/bytes'
import { MatterError } from '../errors.ts'

const implementationIdLength = 32
const publicKeyLength = 65
const headLength = implementationIdLength + publicKeyLength
const uncompressed = 0x04

/** IAKRSP: what a verifier has to know of a board before its first token. */
export interface AttestationIdentity {
  /** 32 octets that name the immutable part of the root of trust. */
  readonly implementationId: Uint8Array
  /** P-256 point, 65 octets `04 ‖ X ‖ Y`. */
  readonly publicKey: Uint8Array
  /** X.509 DER; empty where the key has no certificate. */
  readonly certificate: Uint8Array
}

/** `implementation id (32) ‖ public key (65) ‖ certificate`. */
export function encodeAttestationIdentity(identity: AttestationIdentity): Uint8Array<ArrayBuffer> {
  return concat(identity.implementationId, identity.publicKey, identity.certificate)
}

/** @throws MatterError `PXP_PAYLOAD` */
export function decodeAttestationIdentity(payload: Uint8Array): AttestationIdentity {
  if (payload.length < headLength) {
    throw new MatterError(
      'PXP_PAYLOAD',
      `IAKRSP has ${payload.length} octets, at least ${headLength}`,
    )
  }
  const publicKey = payload.slice(implementationIdLength, headLength)
  if (publicKey[0] !== uncompressed) {
    throw new MatterError(
      'PXP_PAYLOAD',
      `the public key of IAKRSP starts with 0x${(publicKey[0] ?? 0).toString(16).padStart(2, '0')}, not 0x04`,
    )
  }
  return {
    implementationId: payload.slice(0, implementationIdLength),
    publicKey,
    certificate: payload.slice(headLength),
  }
}
