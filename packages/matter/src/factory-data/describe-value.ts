import { decodeUtf8, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { fieldOfTag, type FactoryDataField } from './factory-data.ts'

/**
 * Fields whose value opens or identifies a device. A digest would not hide them either: of the 27 bits of a passcode
 * each can be tried, against the verifier as well.
 */
const hiddenFields: ReadonlySet<FactoryDataField> = new Set([
  'dacPrivateKey',
  'passcode',
  'verifier',
  'rotatingDeviceId',
  'enableKey',
])

/** True for a field whose value must not be printed without being asked for. */
export function isHiddenField(field: FactoryDataField): boolean {
  return hiddenFields.has(field)
}

export interface DescribeOptions {
  /** Shows the values of {@link isHiddenField} too. */
  readonly showSecrets?: boolean | undefined
}

/** Octets shown of a value that is neither a number nor a text. */
const shownOctets = 8

/**
 * The value of a record in one line of some 80 characters at most, every control character as an escape.
 * Octets are shown by their start and the start of their SHA-256, because certificates all begin alike.
 */
export function describeValue(
  tag: number,
  octets: Uint8Array,
  options: DescribeOptions = {},
): string {
  const entry = fieldOfTag(tag)
  const isHidden = entry !== undefined && isHiddenField(entry.field)
  if (isHidden && options.showSecrets !== true) return 'hidden'
  switch (entry?.kind) {
    case 'u16':
    case 'u32':
      return octets.length > 4 ? digestText(octets) : numberText(octets)
    case 'text':
      return describeText(octets)
    case 'secret':
      return toHex(octets)
    case 'octets':
    case undefined:
      return options.showSecrets === true && isHidden ? toHex(octets) : digestText(octets)
    default:
      return entry satisfies never
  }
}

function numberText(octets: Uint8Array): string {
  const value = octets.reduceRight((sum, octet) => sum * 256 + octet, 0)
  return `${value} (0x${value
    .toString(16)
    .toUpperCase()
    .padStart(2 * octets.length, '0')})`
}

function describeText(octets: Uint8Array): string {
  try {
    return JSON.stringify(decodeUtf8(octets.subarray(0, 64))).replaceAll(
      /[\u007f-\u009f\u2028\u2029]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
  } catch {
    return digestText(octets)
  }
}

function digestText(octets: Uint8Array): string {
  if (octets.length <= shownOctets) return octets.length === 0 ? 'empty' : toHex(octets)
  const digest = toHex(sha256(octets).subarray(0, shownOctets))
  return `${toHex(octets.subarray(0, shownOctets))}…, SHA-256 ${digest}…`
}
