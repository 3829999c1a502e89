import { concat } from '@keyline/bytes'
import { isExtended } from './command.ts'
import { crc16 } from './crc.ts'
import { statusMask } from './status.ts'

/** Bits 7-5 of the first octet of a command (section 2.1). */
export const HeaderFlag = { hostChannel: 0x20, responseMac: 0x40, commandMac: 0x80 } as const

/** The only combination that the library sends beside none. */
export const authenticatedFlags = 0xe0

export const macLength = 4
export const crcLength = 2

/** Octets of the first read: status, length, and the CRC of a response without payload. */
export const firstReadLength = 5

const codeMask = 0x1f
const extendedPrefix = 0x1f

/** The header of a command, one octet, or two for an extended code `0x1F00 | X`. */
export function commandHeader(code: number, flags = 0): Uint8Array<ArrayBuffer> {
  return isExtended(code)
    ? Uint8Array.of(extendedPrefix | flags, code & 0xff)
    : Uint8Array.of(code | flags)
}

/** `header ‖ body ‖ CRC`; the body holds the payload and the C-MAC if there is one. */
export function encodeCommandFrame(
  header: Uint8Array,
  ...body: readonly Uint8Array[]
): Uint8Array<ArrayBuffer> {
  return concat(header, ...body, u16(crc16(header, ...body)))
}

export interface CommandFrame {
  readonly code: number
  /** Bits 7-5 of the first octet. */
  readonly flags: number
  /** As received, flags included: it goes into both MACs. */
  readonly header: Uint8Array
  /** Payload, and the C-MAC at its end if its flag is set. */
  readonly body: Uint8Array
}

export type FrameFault = 'short' | 'crc' | 'length'

/** The frame of one I2C write, or what is wrong with it. The body is a view. */
export function decodeCommandFrame(frame: Uint8Array): CommandFrame | FrameFault {
  const first = frame[0]
  if (first === undefined || frame.length < 1 + crcLength) return 'short'
  if (!hasValidCrc(frame, 0)) return 'crc'
  const extended = (first & codeMask) === extendedPrefix
  const end = frame.length - crcLength
  if (extended && end < 2) return 'short'
  const width = extended ? 2 : 1
  return {
    code: extended ? 0x1f00 | (frame[1] ?? 0) : first & codeMask,
    flags: first & ~codeMask & 0xff,
    header: frame.subarray(0, width),
    body: frame.subarray(width, end),
  }
}

/** `status ‖ length ‖ payload ‖ CRC`; the R-MAC, if any, is the end of the payload. */
export function encodeResponseFrame(
  status: number,
  ...payload: readonly Uint8Array[]
): Uint8Array<ArrayBuffer> {
  const header = Uint8Array.of(status)
  const length = payload.reduce((sum, part) => sum + part.length, crcLength)
  return concat(header, u16(length), ...payload, u16(crc16(header, ...payload)))
}

/** Length of the whole response in octets, CRC included, announced by its first three; 0 when they are missing. */
export function announcedLength(start: Uint8Array): number {
  const [, high, low] = start
  return high === undefined || low === undefined ? 0 : 3 + ((high << 8) | low)
}

export interface ResponseFrame {
  /** As received: bits 7-5 go into the R-MAC. */
  readonly header: number
  readonly status: number
  /** With the R-MAC at its end if one was requested. A view. */
  readonly payload: Uint8Array
}

/** A complete response, or what is wrong with it. The length field is outside of the CRC. */
export function decodeResponseFrame(frame: Uint8Array): ResponseFrame | FrameFault {
  const header = frame[0]
  if (header === undefined || frame.length < firstReadLength) return 'short'
  if (announcedLength(frame) !== frame.length) return 'length'
  const payload = frame.subarray(3, -crcLength)
  const crc = crc16(frame.subarray(0, 1), payload)
  if (readU16(frame, frame.length - crcLength) !== crc) return 'crc'
  return { header, status: header & statusMask, payload }
}

function hasValidCrc(frame: Uint8Array, start: number): boolean {
  const end = frame.length - crcLength
  return readU16(frame, end) === crc16(frame.subarray(start, end))
}

function readU16(octets: Uint8Array, offset: number): number {
  return ((octets[offset] ?? 0) << 8) | (octets[offset + 1] ?? 0)
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value & 0xff)
}
