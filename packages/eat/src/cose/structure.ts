import { encodeCbor } from '../cbor/encode.ts'
import type { EnvelopeKind } from './algorithm.ts'

const contexts = { sign1: 'Signature1', mac0: 'MAC0' } as const satisfies Record<
  EnvelopeKind,
  string
>
const nothing = new Uint8Array()
/** Octets of the context and of the heads. */
const mostHeads = 32

/**
 * Sig_structure or MAC_structure: what is signed or authenticated (RFC 9052 sections 4.4 and 6.3). An empty protected
 * header counts as no octets, however it stands in the message.
 */
export function toBeAuthenticated(input: {
  readonly kind: EnvelopeKind
  readonly protectedOctets: Uint8Array
  readonly payload: Uint8Array
  readonly externalData?: Uint8Array | undefined
}): Uint8Array<ArrayBuffer> {
  const { kind, protectedOctets, payload, externalData = nothing } = input
  const isEmptyMap = protectedOctets.length === 1 && protectedOctets[0] === 0xa0
  const header = isEmptyMap ? nothing : protectedOctets
  const expectedLength = header.length + externalData.length + payload.length + mostHeads
  return encodeCbor([contexts[kind], header, externalData, payload], { expectedLength })
}
