import { decodeUtf8, encodeUtf8, parseJson } from '@keyline/bytes'
import { BoardError } from '../errors.ts'

/** What an image does when it is started. An image that is not recognised does nothing: `inert`. */
export const FirmwareKind = {
  provisioningX1: 'provisioning-X1',
  application: 'application',
  inert: 'inert',
} as const
export type FirmwareKind = (typeof FirmwareKind)[keyof typeof FirmwareKind]

/** What a simulated image says of itself. */
export interface FirmwareIdentity {
  readonly kind: FirmwareKind
  readonly name: string
  /** Dotted decimal, for instance `1.0.0`. */
  readonly version: string
}

export interface FirmwareImageInput extends FirmwareIdentity {
  /** Length of the image, octets. */
  readonly size: number
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
  const { kind, name, version, size } = input
  const header = encodeUtf8(JSON.stringify({ kind, name, version }))
  const length = magic.length + header.length + 1
  if (name.includes('\0') || length > headerLimit || !Number.isInteger(size) || size < length) {
    throw new BoardError(
      'BOARD_IMAGE',
      `a header of ${length} octets does not fit an image of ${size} octets (header limit ${headerLimit})`,
    )
  }
  const image = new Uint8Array(Math.ceil(size / pageSize) * pageSize)
  for (let page = 0; page * pageSize < image.length; page++) {
    const start = page * pageSize
    image.set(encodeUtf8(`page ${String(page).padStart(10, '0')}\n`), start)
    for (let filled = unitSize; filled < pageSize; filled *= 2) {
      image.copyWithin(start + filled, start, start + filled)
    }
  }
  image.set(magic)
  image.set(header, magic.length)
  image[length - 1] = 0
  return image.slice(0, size)
}

/** Reads the header of an image; `undefined` when there is none, or it is damaged. */
export function readFirmwareHeader(image: Uint8Array): FirmwareIdentity | undefined {
  const head = image.subarray(0, headerLimit)
  if (Buffer.compare(head.subarray(0, magic.length), magic) !== 0) return undefined
  const end = head.indexOf(0)
  if (end === -1) return undefined
  try {
    return identityOf(parseJson(decodeUtf8(head.subarray(magic.length, end)), 'firmware header'))
  } catch {
    return undefined
  }
}

/** Octets at the boot address that {@link readFirmwareHeader} needs. */
export const firmwareHeaderLimit = headerLimit

function identityOf(value: unknown): FirmwareIdentity | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (!('kind' in value && 'name' in value && 'version' in value)) return undefined
  const { kind, name, version } = value
  if (typeof kind !== 'string' || typeof name !== 'string' || typeof version !== 'string') {
    return undefined
  }
  return { kind: kindOf(kind), name, version }
}

function kindOf(text: string): FirmwareKind {
  return Object.values(FirmwareKind).find((kind) => kind === text) ?? 'inert'
}
