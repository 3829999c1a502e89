import { decodeUtf8, encodeUtf8, parseJson, toHex, type JsonValue } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { keyStores, type KeyStore, type ProvisioningMode } from '@keyline/matter/pxp'
import { BoardError } from '../errors.ts'
import { isSlotLayoutName, type SlotLayoutName } from '../part/slot-layout.ts'

/** What an image does when it is started. An image that is not recognised does nothing: `inert`. */
export const FirmwareKind = {
  provisioningL0: 'provisioning-L0',
  provisioningL1: 'provisioning-L1',
  provisioningX1: 'provisioning-X1',
  provisioningNone: 'provisioning-none',
  application: 'application',
  attestation: 'attestation',
  bootloader: 'bootloader',
  inert: 'inert',
} as const
export type FirmwareKind = (typeof FirmwareKind)[keyof typeof FirmwareKind]

/** What was fixed when the firmware was compiled; each member only where it differs from the usual build. */
export interface FirmwareBuild {
  /** Stores for the device key that a provisioning firmware offers; those of the part when absent. */
  readonly stores?: readonly KeyStore[] | undefined
  /** True: built for TF-M, which keeps the device key as a persistent PSA key in every mode. */
  readonly trustedFirmware?: boolean | undefined
  /** Mode of the firmware of the profiles L0 and L1; `test` when absent. */
  readonly mode?: ProvisioningMode | undefined
  /** Slots that a boot loader of the OEMiRoT family serves. */
  readonly layout?: SlotLayoutName | undefined
  /** False: the application reads no factory data (`CONFIG_STM32_FACTORY_DATA_ENABLE` 0) and shows test credentials. */
  readonly readsFactoryData?: boolean | undefined
}

/** What a simulated image says of itself. */
export interface FirmwareIdentity extends FirmwareBuild {
  readonly kind: FirmwareKind
  readonly name: string
  /** Dotted decimal, for instance `1.0.0`. */
  readonly version: string
}

export interface FirmwareImageInput extends FirmwareIdentity {
  /** Length of the image, octets. */
  readonly size: number
  /** True: a boot loader finds the image valid. Its header then holds a SHA-256 over what follows the header. */
  readonly isSigned?: boolean | undefined
}

const magic = encodeUtf8('SIMFW1')
/** The header, NUL included, is looked for in this many octets. */
const headerLimit = 512
const unitSize = 16
const pageSize = 8192

export const inertFirmware: FirmwareIdentity = { kind: 'inert', name: 'inert', version: '0.0.0' }

/**
 * A simulated image (provisioning-station section 12.2): `SIMFW1`, a JSON object, NUL, padding. The padding
 * repeats one unit of 16 octets that counts the 8 KiB pages, so that misplaced pages are seen.
 * The same input gives the same octets.
 * @throws BoardError `BOARD_IMAGE`
 */
export function buildFirmwareImage(input: FirmwareImageInput): Uint8Array<ArrayBuffer> {
  const { size, isSigned = false } = input
  const identity = identityMembers(input)
  const unsigned = encodeUtf8(JSON.stringify(identity))
  const signed = (digest: string): Uint8Array =>
    encodeUtf8(JSON.stringify({ ...identity, size, digest }))
  const header = isSigned ? signed('0'.repeat(64)) : unsigned
  const length = magic.length + header.length + 1
  const isText = !identity.name.includes('\0')
  if (!isText || length > headerLimit || !Number.isInteger(size) || size < length) {
    throw new BoardError(
      'BOARD_IMAGE',
      `a header of ${length} octets does not fit an image of ${size} octets (header limit ${headerLimit})`,
    )
  }
  const image = padding(size)
  image.set(magic)
  image.set(header, magic.length)
  image[length - 1] = 0
  if (isSigned) image.set(signed(toHex(sha256(image.subarray(length)))), magic.length)
  return image
}

/** The members of the header in their order; those that are absent leave no trace. */
function identityMembers(input: FirmwareImageInput): FirmwareIdentity {
  const { kind, name, version, stores, trustedFirmware, mode, layout, readsFactoryData } = input
  return { kind, name, version, stores, trustedFirmware, mode, layout, readsFactoryData }
}

/** One unit of 16 octets per page that counts the 8 KiB pages, repeated. */
function padding(size: number): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(Math.ceil(size / pageSize) * pageSize)
  for (let page = 0; page * pageSize < octets.length; page++) {
    const start = page * pageSize
    octets.set(encodeUtf8(`page ${String(page).padStart(10, '0')}\n`), start)
    for (let filled = unitSize; filled < pageSize; filled *= 2) {
      octets.copyWithin(start + filled, start, start + filled)
    }
  }
  return octets.slice(0, size)
}

/** Reads the header of an image; `undefined` when there is none, or it is damaged. */
export function readFirmwareHeader(image: Uint8Array): FirmwareIdentity | undefined {
  return readHeader(image)?.identity
}

interface Header {
  readonly identity: FirmwareIdentity
  /** Octets of the header, NUL included. */
  readonly length: number
  readonly signature?: { readonly size: number; readonly digest: string } | undefined
}

function readHeader(image: Uint8Array): Header | undefined {
  const head = image.subarray(0, headerLimit)
  if (Buffer.compare(head.subarray(0, magic.length), magic) !== 0) return undefined
  const end = head.indexOf(0)
  if (end === -1) return undefined
  try {
    const value = parseJson(decodeUtf8(head.subarray(magic.length, end)), 'firmware header')
    const identity = identityOf(value)
    if (identity === undefined) return undefined
    return { identity, length: end + 1, signature: signatureOf(value) }
  } catch {
    return undefined
  }
}

/**
 * The check of a boot loader: identity of the image that starts a slot.
 * `undefined` when it is not signed, does not fit or was changed.
 */
export function verifyFirmwareImage(slot: Uint8Array): FirmwareIdentity | undefined {
  const header = readHeader(slot)
  if (header?.signature === undefined) return undefined
  const { size, digest } = header.signature
  const isWhole = size > header.length && size <= slot.length
  if (!isWhole || toHex(sha256(slot.subarray(header.length, size))) !== digest) return undefined
  return header.identity
}

/** Length of a signed image at the start of these octets, as its header names it, valid or not. */
export function signedLength(octets: Uint8Array): number | undefined {
  const size = readHeader(octets)?.signature?.size
  return size !== undefined && Number.isInteger(size) && size > 0 && size <= octets.length
    ? size
    : undefined
}

/** Octets at the boot address that {@link readFirmwareHeader} needs. */
export const firmwareHeaderLimit = headerLimit

function identityOf(value: JsonValue): FirmwareIdentity | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const members = new Map(Object.entries(value))
  const [kind, name, version] = ['kind', 'name', 'version'].map((member) => members.get(member))
  if (typeof kind !== 'string' || typeof name !== 'string' || typeof version !== 'string') {
    return undefined
  }
  return { kind: kindOf(kind), name, version, ...buildOf(members) }
}

function buildOf(members: ReadonlyMap<string, JsonValue | undefined>): FirmwareBuild {
  const stores = members.get('stores')
  const mode = members.get('mode')
  const layout = members.get('layout')
  return {
    ...(Array.isArray(stores) ? { stores: keyStores.filter((one) => stores.includes(one)) } : {}),
    ...(members.get('trustedFirmware') === true ? { trustedFirmware: true } : {}),
    ...(mode === 'test' || mode === 'production' ? { mode } : {}),
    ...(typeof layout === 'string' && isSlotLayoutName(layout) ? { layout } : {}),
    ...(members.get('readsFactoryData') === false ? { readsFactoryData: false } : {}),
  }
}

function signatureOf(value: JsonValue): Header['signature'] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const members = new Map(Object.entries(value))
  const [size, digest] = [members.get('size'), members.get('digest')]
  return typeof size === 'number' && typeof digest === 'string' ? { size, digest } : undefined
}

function kindOf(text: string): FirmwareKind {
  return Object.values(FirmwareKind).find((kind) => kind === text) ?? 'inert'
}
