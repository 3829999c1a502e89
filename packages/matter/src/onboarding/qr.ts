import { concat, isKeylineError } from '@keyline/bytes'
import { MatterError } from '../errors.ts'
import { decodeTlv } from '../tlv/decode.ts'
import type { TlvElement } from '../tlv/element.ts'
import { encodeTlv } from '../tlv/encode.ts'
import { decodeBase38, encodeBase38 } from './base38.ts'
import {
  packedLength,
  paddingBits,
  payloadFields,
  requireValid,
  type OnboardingPayload,
} from './payload.ts'

/** Tags of the optional TLV part; 0x80 … 0xFF belong to the vendor. */
export const QrTag = {
  serialNumber: 0,
  iterations: 1,
  salt: 2,
  numberOfDevices: 3,
  commissioningTimeout: 4,
} as const

/** A payload and the TLV elements behind it, in their order. */
export interface QrPayload extends OnboardingPayload {
  readonly elements?: readonly TlvElement[] | undefined
}

const prefix = 'MT:'

/**
 * The text of a QR code, `MT:` and Base38 (matter-factory-data 8.2); several payloads are joined with `*`.
 * @throws MatterError `ONBOARDING_VALUE` when a payload must not stand on a label
 */
export function encodeQrPayload(...payloads: readonly [QrPayload, ...QrPayload[]]): string {
  for (const payload of payloads) requireValid(payload)
  return `${prefix}${payloads.map((payload) => encodeBase38(packQrPayload(payload))).join('*')}`
}

/**
 * The octets under the Base38: 88 bits little endian, then the TLV structure, if any. Values are not judged.
 * @throws MatterError `ONBOARDING_VALUE` when a value is wider than its field
 */
export function packQrPayload(payload: QrPayload): Uint8Array<ArrayBuffer> {
  let bits = 0n
  let shift = 0n
  for (const [field, width] of payloadFields) {
    const value = payload[field] ?? 0
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** width) {
      throw new MatterError('ONBOARDING_VALUE', `${field} does not fit ${width} bits`)
    }
    bits |= BigInt(value) << shift
    shift += BigInt(width)
  }
  const packed = new Uint8Array(packedLength)
  for (let index = 0; index < packedLength; index++) {
    packed[index] = Number((bits >> BigInt(8 * index)) & 0xffn)
  }
  const { elements } = payload
  if (elements === undefined) return packed
  requireElements(elements)
  return concat(packed, encodeTlv({ type: 'structure', value: elements }))
}

/** Opposite of {@link packQrPayload}. @throws MatterError `ONBOARDING_QR` */
export function unpackQrPayload(octets: Uint8Array): QrPayload {
  if (octets.length < packedLength) {
    throw new MatterError(
      'ONBOARDING_QR',
      `the payload has ${octets.length} octets, not 11 or more`,
    )
  }
  let bits = 0n
  for (let index = packedLength - 1; index >= 0; index--) {
    bits = (bits << 8n) | BigInt(octets[index] ?? 0)
  }
  const take = (width: number): number => {
    const value = Number(bits & ((1n << BigInt(width)) - 1n))
    bits >>= BigInt(width)
    return value
  }
  const fields = Object.fromEntries(payloadFields.map(([field, width]) => [field, take(width)]))
  const { version = 0, vendorId = 0, productId = 0, flow = 0, discovery = 0 } = fields
  const { discriminator = 0, passcode = 0 } = fields
  if (take(paddingBits) !== 0) throw new MatterError('ONBOARDING_QR', 'the padding is not zero')
  const payload = { version, vendorId, productId, flow, discovery, discriminator, passcode }
  if (octets.length === packedLength) return payload
  return { ...payload, elements: readElements(octets.subarray(packedLength)) }
}

/**
 * The payloads of a QR text. Their form is checked; whether the values may stand on a label says
 * `payloadProblems`.
 * @throws MatterError `ONBOARDING_QR`, `ONBOARDING_BASE38`
 */
export function decodeQrPayload(text: string): readonly QrPayload[] {
  if (!text.startsWith(prefix))
    throw new MatterError('ONBOARDING_QR', 'the text lacks MT: in front')
  return text
    .slice(prefix.length)
    .split('*')
    .map((part) => unpackQrPayload(decodeBase38(part)))
}

/**
 * The Base38 part in what a scanner returned: the piece between `%` that starts with `MT:`, without it.
 * Empty when there is none.
 */
export function extractQrPayload(scanned: string): string {
  const piece = scanned.split('%').find((candidate) => candidate.startsWith(prefix))
  return piece === undefined ? '' : piece.slice(prefix.length)
}

function readElements(octets: Uint8Array): readonly TlvElement[] {
  let element: TlvElement
  try {
    element = decodeTlv(octets)
  } catch (cause) {
    if (!isKeylineError(cause)) throw cause
    throw new MatterError('ONBOARDING_QR', 'what follows the payload is not TLV', { cause })
  }
  if (element.type !== 'structure' || element.tag !== undefined) {
    throw new MatterError('ONBOARDING_QR', 'what follows the payload is not a TLV structure')
  }
  requireElements(element.value)
  return element.value
}

/** Types of the common elements; vendor elements are texts or signed integers. */
const commonTypes: ReadonlyMap<number, readonly TlvElement['type'][]> = new Map([
  [QrTag.serialNumber, ['text', 'uint']],
  [QrTag.iterations, ['uint']],
  [QrTag.salt, ['octets']],
  [QrTag.numberOfDevices, ['uint']],
  [QrTag.commissioningTimeout, ['uint']],
])

function requireElements(elements: readonly TlvElement[]): void {
  for (const { tag, type } of elements) {
    if (typeof tag !== 'number') {
      throw new MatterError('ONBOARDING_QR', 'an element has no context tag')
    }
    const allowed = tag >= 0x80 ? ['text', 'int'] : commonTypes.get(tag)
    if (allowed !== undefined && !allowed.includes(type)) {
      throw new MatterError(
        'ONBOARDING_QR',
        `element ${tag} is ${type}, not ${allowed.join(' or ')}`,
      )
    }
  }
}
