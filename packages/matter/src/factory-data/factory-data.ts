import type { Finding, Secret } from '@keyline/bytes'

/** What one device stores about itself (matter-factory-data 1.2). An absent member has no record. */
export interface FactoryData {
  /** DER CMS. */
  readonly certificationDeclaration?: Uint8Array | undefined
  readonly firmwareInformation?: Uint8Array | undefined
  /** X.509 DER, at most 600 octets. */
  readonly dacCertificate?: Uint8Array | undefined
  /** X.509 DER, at most 600 octets. */
  readonly paiCertificate?: Uint8Array | undefined
  /** Scalar, 32 octets big endian. */
  readonly dacPrivateKey?: Secret | undefined
  /** `04 ‖ X ‖ Y`, 65 octets. */
  readonly dacPublicKey?: Uint8Array | undefined
  /** 12 bits. */
  readonly discriminator?: number | undefined
  /** Iterations of PBKDF2, 1000 … 100 000. */
  readonly iterations?: number | undefined
  /** 16 … 32 octets, raw. */
  readonly salt?: Uint8Array | undefined
  /** `w0 ‖ L`, 97 octets, raw. */
  readonly verifier?: Uint8Array | undefined
  /** 1 … 99 999 998. */
  readonly passcode?: number | undefined
  /** At most 32 octets of UTF-8. */
  readonly vendorName?: string | undefined
  readonly vendorId?: number | undefined
  /** At most 32 octets of UTF-8. */
  readonly productName?: string | undefined
  readonly productId?: number | undefined
  /** At most 32 octets of UTF-8. */
  readonly serialNumber?: string | undefined
  /** `YYYY-MM-DD`, or `YYYYMMDD` and up to 8 printable characters. */
  readonly manufacturingDate?: string | undefined
  readonly hardwareVersion?: number | undefined
  /** At most 64 octets of UTF-8. */
  readonly hardwareVersionString?: string | undefined
  /** 16 … 64 octets of text. */
  readonly rotatingDeviceId?: string | undefined
  /** 32 hexadecimal digits. */
  readonly enableKey?: string | undefined
}

export type FactoryDataField = keyof FactoryData

type FieldsOf<T> = {
  [K in FactoryDataField]-?: NonNullable<FactoryData[K]> extends T ? K : never
}[FactoryDataField]

/** The same record while it is being read. */
export type FactoryDataBuilder = { -readonly [K in FactoryDataField]?: FactoryData[K] }

/** A record without any field. All fields stand in it, so that every set that is read has one shape. */
export function emptyFactoryData(): FactoryDataBuilder {
  return {
    certificationDeclaration: undefined,
    firmwareInformation: undefined,
    dacCertificate: undefined,
    paiCertificate: undefined,
    dacPrivateKey: undefined,
    dacPublicKey: undefined,
    discriminator: undefined,
    iterations: undefined,
    salt: undefined,
    verifier: undefined,
    passcode: undefined,
    vendorName: undefined,
    vendorId: undefined,
    productName: undefined,
    productId: undefined,
    serialNumber: undefined,
    manufacturingDate: undefined,
    hardwareVersion: undefined,
    hardwareVersionString: undefined,
    rotatingDeviceId: undefined,
    enableKey: undefined,
  }
}

/** One row of the tag table. `kind` is the storage type; integers are unsigned little endian. */
export type FieldEntry = { readonly tag: number; readonly name: string } & (
  | { readonly kind: 'octets'; readonly field: FieldsOf<Uint8Array> }
  | { readonly kind: 'secret'; readonly field: FieldsOf<Secret> }
  | { readonly kind: 'text'; readonly field: FieldsOf<string> }
  | { readonly kind: 'u16' | 'u32'; readonly field: FieldsOf<number> }
)

/** The tag table in ascending order: tag, name in ST's JSON, storage type. */
export const factoryDataFields: readonly FieldEntry[] = [
  { tag: 1, kind: 'octets', field: 'certificationDeclaration', name: 'CERTIFICATION_DECLARATION' },
  { tag: 2, kind: 'octets', field: 'firmwareInformation', name: 'FIRMWARE_INFORMATION' },
  { tag: 3, kind: 'octets', field: 'dacCertificate', name: 'DEVICE_ATTESTATION_CERTIFICATE' },
  { tag: 4, kind: 'octets', field: 'paiCertificate', name: 'PAI_CERTIFICATE' },
  { tag: 5, kind: 'secret', field: 'dacPrivateKey', name: 'DEVICE_ATTESTATION_PRIV_KEY' },
  { tag: 6, kind: 'octets', field: 'dacPublicKey', name: 'DEVICE_ATTESTATION_PUB_KEY' },
  { tag: 11, kind: 'u16', field: 'discriminator', name: 'SETUP_DISCRIMINATOR' },
  { tag: 12, kind: 'u32', field: 'iterations', name: 'SPAKE2_ITERATION_COUNT' },
  { tag: 13, kind: 'octets', field: 'salt', name: 'SPAKE2_SALT' },
  { tag: 14, kind: 'octets', field: 'verifier', name: 'SPAKE2_VERIFIER' },
  { tag: 15, kind: 'u32', field: 'passcode', name: 'SPAKE2_SETUP_PASSCODE' },
  { tag: 21, kind: 'text', field: 'vendorName', name: 'VENDOR_NAME' },
  { tag: 22, kind: 'u16', field: 'vendorId', name: 'VENDOR_ID' },
  { tag: 23, kind: 'text', field: 'productName', name: 'PRODUCT_NAME' },
  { tag: 24, kind: 'u16', field: 'productId', name: 'PRODUCT_ID' },
  { tag: 25, kind: 'text', field: 'serialNumber', name: 'SERIAL_NUMBER' },
  { tag: 26, kind: 'text', field: 'manufacturingDate', name: 'MANUFACTURING_DATE' },
  { tag: 27, kind: 'u16', field: 'hardwareVersion', name: 'HARDWARE_VERSION' },
  { tag: 28, kind: 'text', field: 'hardwareVersionString', name: 'HARDWARE_VERSION_STRING' },
  { tag: 29, kind: 'text', field: 'rotatingDeviceId', name: 'ROTATING_DEVICE_ID' },
  { tag: 41, kind: 'text', field: 'enableKey', name: 'TAG_ID_ENABLE_KEY' },
]

/** Tag numbers by field name. */
export const Tag = {
  certificationDeclaration: 1,
  firmwareInformation: 2,
  dacCertificate: 3,
  paiCertificate: 4,
  dacPrivateKey: 5,
  dacPublicKey: 6,
  discriminator: 11,
  iterations: 12,
  salt: 13,
  verifier: 14,
  passcode: 15,
  vendorName: 21,
  vendorId: 22,
  productName: 23,
  productId: 24,
  serialNumber: 25,
  manufacturingDate: 26,
  hardwareVersion: 27,
  hardwareVersionString: 28,
  rotatingDeviceId: 29,
  enableKey: 41,
} as const satisfies Readonly<Record<FactoryDataField, number>>
export type Tag = (typeof Tag)[FactoryDataField]

const byTag: readonly (FieldEntry | undefined)[] = factoryDataFields.reduce<FieldEntry[]>(
  (entries, entry) => {
    entries[entry.tag] = entry
    return entries
  },
  [],
)
const byName: ReadonlyMap<string, FieldEntry> = new Map(
  factoryDataFields.map((entry) => [entry.name, entry]),
)
const byField: ReadonlyMap<FactoryDataField, FieldEntry> = new Map(
  factoryDataFields.map((entry) => [entry.field, entry]),
)

export function fieldOfTag(tag: number): FieldEntry | undefined {
  return byTag[tag]
}

/** @param name name in ST's JSON */
export function fieldOfName(name: string): FieldEntry | undefined {
  return byName.get(name)
}

/** Name of a field in ST's JSON: the name that findings use. */
export function nameOfField(field: FactoryDataField): string {
  return byField.get(field)?.name ?? field
}

/** Octets of an integer field. */
export const integerWidth = { u16: 2, u32: 4 } as const

/** Greatest value of an integer field. */
export const integerMax = { u16: 0xffff, u32: 0xffff_ffff } as const

/** Octets of a text in UTF-8; a lone surrogate counts as the replacement character. */
export function utf8Length(text: string): number {
  let length = text.length
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit >= 0x80) length += unit >= 0x800 ? 2 : 1
    const isPair = (unit & 0xfc00) === 0xd800 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00
    if (isPair) index++
  }
  return length
}

/** The record of a tag has no value above this length, or ST's reader stops at it (1.4). */
export const maxRecordLength = 602

/** Tag that ends an image: `AC AC AC AC`. */
export const endMarker = 0xacac_acac

/** A set of fields as it was read: what could be decoded, what was there at all, and what was wrong. */
export interface ReadFactoryData {
  readonly data: FactoryData
  /** Fields that stood in the input, decodable or not. */
  readonly present: ReadonlySet<FactoryDataField>
  readonly findings: readonly Finding[]
}
