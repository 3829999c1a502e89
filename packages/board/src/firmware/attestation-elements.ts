import { concat } from '@keyline/bytes'

export interface AttestationElements {
  readonly certificationDeclaration: Uint8Array
  /** 32 octets. */
  readonly nonce: Uint8Array
}

/** Matter TLV of the attestation elements (matter-factory-data 12.1): tags 1, 2 and a timestamp of 0. */
export function encodeElements(elements: AttestationElements): Uint8Array {
  const { certificationDeclaration, nonce } = elements
  const { length } = certificationDeclaration
  return concat(
    Uint8Array.of(0x15, 0x31, 1, length & 0xff, length >> 8),
    certificationDeclaration,
    Uint8Array.of(0x30, 2, nonce.length),
    nonce,
    Uint8Array.of(0x24, 3, 0, 0x18),
  )
}
