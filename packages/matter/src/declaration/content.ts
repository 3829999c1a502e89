import { BytesError } from '@keyline/bytes'
import { MatterError } from '../errors.ts'
import { decodeTlv } from '../tlv/decode.ts'
import type { TlvElement } from '../tlv/element.ts'
import { encodeTlv } from '../tlv/encode.ts'

/** What a certification declaration declares (matter-factory-data 11.2). */
export interface CertificationDeclaration {
  /** 1. */
  readonly formatVersion: number
  readonly vendorId: number
  /** At most 100. */
  readonly productIds: readonly number[]
  readonly deviceTypeId: number
  /** 19 characters. */
  readonly certificateId: string
  readonly securityLevel: number
  readonly securityInformation: number
  readonly versionNumber: number
  /** 0 development and test, 1 provisional, 2 official; more is reserved. */
  readonly certificationType: number
  /** The ids that DAC and PAI carry instead of those of the product. */
  readonly dacOrigin?: { readonly vendorId: number; readonly productId: number } | undefined
  /** Key identifiers of 20 octets, at most 10: only chains from these PAAs are good. */
  readonly authorizedPaas?: readonly Uint8Array[] | undefined
}

export const CertificationType = { development: 0, provisional: 1, official: 2 } as const

/** Context tags, in the order in which the members stand. */
const Member = {
  formatVersion: 0,
  vendorId: 1,
  productIds: 2,
  deviceTypeId: 3,
  certificateId: 4,
  securityLevel: 5,
  securityInformation: 6,
  versionNumber: 7,
  certificationType: 8,
  dacOriginVendorId: 9,
  dacOriginProductId: 10,
  authorizedPaas: 11,
} as const

const certificateIdLength = 19
const keyIdLength = 20
const maxProducts = 100
const maxPaas = 10

/** TLV of the content, the octets that the declaration's signature covers. Ids take two octets, as the field's own writer does. */
export function encodeDeclarationContent(
  declaration: CertificationDeclaration,
): Uint8Array<ArrayBuffer> {
  const { dacOrigin, authorizedPaas } = declaration
  const members: TlvElement[] = [
    uint(Member.formatVersion, declaration.formatVersion),
    id(Member.vendorId, declaration.vendorId),
    {
      tag: Member.productIds,
      type: 'array',
      value: declaration.productIds.map((value) => id(undefined, value)),
    },
    uint(Member.deviceTypeId, declaration.deviceTypeId),
    { tag: Member.certificateId, type: 'text', value: declaration.certificateId },
    uint(Member.securityLevel, declaration.securityLevel),
    uint(Member.securityInformation, declaration.securityInformation),
    uint(Member.versionNumber, declaration.versionNumber),
    uint(Member.certificationType, declaration.certificationType),
  ]
  if (dacOrigin !== undefined) {
    members.push(
      id(Member.dacOriginVendorId, dacOrigin.vendorId),
      id(Member.dacOriginProductId, dacOrigin.productId),
    )
  }
  if (authorizedPaas !== undefined) {
    const value = authorizedPaas.map((keyId): TlvElement => ({ type: 'octets', value: keyId }))
    members.push({ tag: Member.authorizedPaas, type: 'array', value })
  }
  return encodeTlv({ type: 'structure', value: members })
}

/**
 * Decodes the content: members 0 to 8 in this order, then 9 with 10, then 11, each in its range; members with higher
 * tags behind them are skipped.
 * @throws MatterError `DECLARATION_MALFORMED`
 */
export function decodeDeclarationContent(content: Uint8Array): CertificationDeclaration {
  const members = new MemberReader(readStructure(content))
  const declaration = {
    formatVersion: members.uint(Member.formatVersion, 0xffff, 'format_version'),
    vendorId: members.uint(Member.vendorId, 0xffff, 'vendor_id'),
    productIds: readProductIds(members),
    deviceTypeId: members.uint(Member.deviceTypeId, 0xffff_ffff, 'device_type_id'),
    certificateId: members.text(Member.certificateId, certificateIdLength, 'certificate_id'),
    securityLevel: members.uint(Member.securityLevel, 0xff, 'security_level'),
    securityInformation: members.uint(Member.securityInformation, 0xffff, 'security_information'),
    versionNumber: members.uint(Member.versionNumber, 0xffff, 'version_number'),
    certificationType: members.uint(Member.certificationType, 0xff, 'certification_type'),
    dacOrigin: readDacOrigin(members),
    authorizedPaas: readAuthorizedPaas(members),
  }
  members.skipUnknown(Member.authorizedPaas)
  return declaration
}

function readProductIds(members: MemberReader): readonly number[] {
  const field = 'product_id_array'
  return members
    .list(Member.productIds, maxProducts, field)
    .map((element) => uintOf(element, 0xffff, field))
}

function readDacOrigin(members: MemberReader): CertificationDeclaration['dacOrigin'] {
  if (!members.isNext(Member.dacOriginVendorId)) return undefined
  return {
    vendorId: members.uint(Member.dacOriginVendorId, 0xffff, 'dac_origin_vendor_id'),
    productId: members.uint(Member.dacOriginProductId, 0xffff, 'dac_origin_product_id'),
  }
}

function readAuthorizedPaas(members: MemberReader): CertificationDeclaration['authorizedPaas'] {
  if (!members.isNext(Member.authorizedPaas)) return undefined
  return members.list(Member.authorizedPaas, maxPaas, 'authorized_paa_list').map(keyIdOf)
}

/** Takes the members of a structure one by one, in the order of their tags. */
class MemberReader {
  readonly #members: readonly TlvElement[]
  #position = 0

  constructor(members: readonly TlvElement[]) {
    this.#members = members
  }

  isNext(tag: number): boolean {
    return this.#members[this.#position]?.tag === tag
  }

  uint(tag: number, max: number, field: string): number {
    return uintOf(this.#take(tag, field), max, field)
  }

  text(tag: number, length: number, field: string): string {
    const element = this.#take(tag, field)
    if (element.type !== 'text' || element.value.length !== length) {
      throw malformed(`${field} is not a text of ${length} characters`)
    }
    return element.value
  }

  list(tag: number, max: number, field: string): readonly TlvElement[] {
    const element = this.#take(tag, field)
    if (element.type !== 'array' || element.value.length > max) {
      throw malformed(`${field} is not an array of at most ${max}`)
    }
    return element.value
  }

  /** Nothing but members that came later than `lastKnown` may be left. */
  skipUnknown(lastKnown: number): void {
    for (const { tag } of this.#members.slice(this.#position)) {
      if (typeof tag === 'number' && tag <= lastKnown) {
        throw malformed(`member ${tag} stands out of order, or without the one it belongs to`)
      }
    }
  }

  #take(tag: number, field: string): TlvElement {
    const element = this.#members[this.#position]
    if (element?.tag !== tag) throw malformed(`${field} (${tag}) is missing or out of order`)
    this.#position++
    return element
  }
}

function readStructure(content: Uint8Array): readonly TlvElement[] {
  try {
    const element = decodeTlv(content)
    if (element.type === 'structure' && element.tag === undefined) return element.value
  } catch (cause) {
    if (!(cause instanceof MatterError) && !(cause instanceof BytesError)) throw cause
    throw malformed(`the content is not TLV: ${cause.message}`, cause)
  }
  throw malformed('the content is not an anonymous structure')
}

function uintOf(element: TlvElement, max: number, field: string): number {
  if (element.type !== 'uint' || typeof element.value === 'bigint' || element.value > max) {
    throw malformed(`${field} is not an unsigned number of at most ${max}`)
  }
  return element.value
}

function keyIdOf(element: TlvElement): Uint8Array {
  if (element.type !== 'octets' || element.value.length !== keyIdLength) {
    throw malformed(
      `authorized_paa_list holds something else than key identifiers of ${keyIdLength} octets`,
    )
  }
  return element.value
}

function uint(tag: number, value: number): TlvElement {
  return { tag, type: 'uint', value }
}

function id(tag: number | undefined, value: number): TlvElement {
  return { tag, type: 'uint', value, width: 2 }
}

function malformed(message: string, cause?: unknown): MatterError {
  return new MatterError('DECLARATION_MALFORMED', message, { cause })
}
