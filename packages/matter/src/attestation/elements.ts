import { BytesError } from '@keyline/bytes'
import { MatterError } from '../errors.ts'
import { decodeTlv } from '../tlv/decode.ts'
import type { TlvElement } from '../tlv/element.ts'
import { encodeTlv } from '../tlv/encode.ts'

/** What a device signs to prove its identity (matter-factory-data 12.1). */
export interface AttestationElements {
  /** CMS octets. */
  readonly certificationDeclaration: Uint8Array
  /** The commissioner's, 32 octets. */
  readonly nonce: Uint8Array
  /** Seconds since 2000; 0 where the device has no time. */
  readonly timestamp: number | bigint
  readonly firmwareInformation?: Uint8Array | undefined
}

/** Octets that encoded elements may have. */
export const maxElementsLength = 900

const Member = {
  certificationDeclaration: 1,
  nonce: 2,
  timestamp: 3,
  firmwareInformation: 4,
} as const

export function encodeAttestationElements(elements: AttestationElements): Uint8Array<ArrayBuffer> {
  const { certificationDeclaration, nonce, timestamp, firmwareInformation } = elements
  const value: TlvElement[] = [
    { tag: Member.certificationDeclaration, type: 'octets', value: certificationDeclaration },
    { tag: Member.nonce, type: 'octets', value: nonce },
    { tag: Member.timestamp, type: 'uint', value: timestamp },
  ]
  if (firmwareInformation !== undefined) {
    value.push({ tag: Member.firmwareInformation, type: 'octets', value: firmwareInformation })
  }
  return encodeTlv({ type: 'structure', value })
}

/**
 * Decodes elements: the declaration first, context tags strictly ascending, members 1 to 3 present, vendor members behind
 * all context tags. Higher context tags are tolerated, as they belong to a later version.
 * @throws MatterError `ATTESTATION_ELEMENTS`
 */
export function decodeAttestationElements(octets: Uint8Array): AttestationElements {
  const members = new Map<number, TlvElement>()
  let last = 0
  let isVendorPart = false
  for (const member of readStructure(octets)) {
    const { tag } = member
    if (typeof tag !== 'number') {
      isVendorPart = true
      continue
    }
    if (isVendorPart) throw malformed(`member ${tag} stands behind a vendor's member`)
    if (tag <= last) throw malformed(`member ${tag} stands behind member ${last}`)
    members.set(tag, member)
    last = tag
  }
  const certificationDeclaration = octetsOf(members, Member.certificationDeclaration)
  const nonce = octetsOf(members, Member.nonce)
  const timestamp = members.get(Member.timestamp)
  if (timestamp?.type !== 'uint') throw malformed('the time stamp is missing')
  const firmwareInformation = members.has(Member.firmwareInformation)
    ? octetsOf(members, Member.firmwareInformation)
    : undefined
  return { certificationDeclaration, nonce, timestamp: timestamp.value, firmwareInformation }
}

function octetsOf(members: ReadonlyMap<number, TlvElement>, tag: number): Uint8Array {
  const member = members.get(tag)
  if (member?.type !== 'octets') throw malformed(`member ${tag} is missing, or no octet string`)
  return member.value
}

function readStructure(octets: Uint8Array): readonly TlvElement[] {
  try {
    const element = decodeTlv(octets)
    if (element.type === 'structure' && element.tag === undefined) return element.value
  } catch (cause) {
    if (!(cause instanceof MatterError) && !(cause instanceof BytesError)) throw cause
    throw malformed(cause.message, cause)
  }
  throw malformed('the elements are not an anonymous structure')
}

function malformed(message: string, cause?: unknown): MatterError {
  return new MatterError('ATTESTATION_ELEMENTS', message, { cause })
}
