import { crc32 } from 'node:zlib'
import { MatterError } from '../errors.ts'
import { pxpLimits, type MessageType, type NakReason } from './message-type.ts'

/** The fields in front of the payload, which ACK and NAK echo. */
export interface FrameHeader {
  /** 2 to 8 upper-case letters; not necessarily a type of the table. */
  readonly type: string
  /** 0 … 65 535. */
  readonly seq: number
  /** Fragment number, 1 … count. */
  readonly index: number
  /** Number of fragments, 1 … 99. */
  readonly count: number
}

/** One line of PXP/1 (station 7.2). */
export interface Frame extends FrameHeader {
  readonly payload: Uint8Array
  /** The eight digits of the line: they tell a repeated fragment from another one. */
  readonly crc: string
}

/** Why a line is not a frame, in the order of the tests. */
export type FrameFault = 'not-a-frame' | 'size' | 'syntax' | 'crc'

/** A damaged line is everyday on a wire, so it is a value and no exception. */
export type ParsedFrame =
  | { readonly ok: true; readonly frame: Frame }
  /** `header` is what the line says of itself, as far as it could be read; it may be damaged too. */
  | { readonly ok: false; readonly fault: FrameFault; readonly header: FrameHeader | undefined }

const empty = new Uint8Array(0)
const line =
  /^@([A-Z]{2,8}) (0|[1-9]\d{0,4}) ([1-9]\d?)\/([1-9]\d?) (-|[A-Za-z0-9_-]+) ([0-9a-f]{8})$/
/** Characters that may end base64url when 2 or 4 bits of the last character are unused and zero. */
const unusedBits = { 2: /[AQgw]$/, 3: /[AEIMQUYcgkosw048]$/ } as const

/**
 * Cuts a message into lines, LF included: fragments of 240 octets, the last one shorter.
 * @throws MatterError `PXP_MESSAGE` when the payload is above 8192 octets or `seq` above 65 535
 */
export function encodeFrames(
  type: MessageType,
  seq: number,
  payload: Uint8Array = empty,
): readonly string[] {
  const { fragmentLength, messageLength } = pxpLimits
  if (payload.length > messageLength) {
    throw new MatterError(
      'PXP_MESSAGE',
      `${type} has ${payload.length} octets, at most ${messageLength}`,
    )
  }
  const count = Math.max(1, Math.ceil(payload.length / fragmentLength))
  const lines: string[] = []
  for (let index = 1; index <= count; index++) {
    const start = (index - 1) * fragmentLength
    const fragment = payload.subarray(start, start + fragmentLength)
    lines.push(encodeLine({ type, seq, index, count }, fragment))
  }
  return lines
}

/** The answer to a received fragment. */
export function encodeAck(header: FrameHeader): string {
  return encodeLine({ ...header, type: 'ACK' }, empty)
}

/** The refusal of a fragment. Without a header (nothing of the line could be read) it names `seq 0 1/1`. */
export function encodeNak(header: FrameHeader | undefined, reason: NakReason): string {
  const echo = header ?? { seq: 0, index: 1, count: 1 }
  return encodeLine({ ...echo, type: 'NAK' }, Buffer.from(reason, 'latin1'))
}

/** Reads one line, with or without its LF or CR LF. Tests in the order of {@link FrameFault}. */
export function parseFrame(text: string): ParsedFrame {
  const end = lineEnd(text)
  if (text.charCodeAt(0) !== 0x40) return refuse('not-a-frame')
  if (end > pxpLimits.lineLength) return refuse('size')
  const match = line.exec(end === text.length ? text : text.slice(0, end))
  if (match === null) return refuse('syntax')
  const [, type = '', sequence, place, total, payloadText = '', crc = ''] = match
  const header: FrameHeader = {
    type,
    seq: Number(sequence),
    index: Number(place),
    count: Number(total),
  }
  if (header.seq > pxpLimits.sequenceMax || header.index > header.count) return refuse('syntax')
  const payload = decodePayload(payloadText)
  if (payload === undefined) return refuse('syntax', header)
  if (payload.length > pxpLimits.fragmentLength) return refuse('size', header)
  if (!hasLengthOfItsPlace(header, payload.length)) return refuse('syntax', header)
  if (crcText(text.slice(1, end - 9)) !== crc) return refuse('crc', header)
  return { ok: true, frame: { ...header, payload, crc } }
}

function encodeLine(header: FrameHeader, payload: Uint8Array): string {
  const { type, seq, index, count } = header
  if (!Number.isInteger(seq) || seq < 0 || seq > pxpLimits.sequenceMax) {
    throw new MatterError('PXP_MESSAGE', `sequence number of ${type} is ${seq}, not 0 to 65535`)
  }
  const { buffer, byteOffset, length } = payload
  const text = length === 0 ? '-' : Buffer.from(buffer, byteOffset, length).toString('base64url')
  const checked = `${type} ${seq} ${index}/${count} ${text}`
  return `@${checked} ${crcText(checked)}\n`
}

function crcText(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}

/** Canonical base64url without padding, `-` for nothing; `undefined` for any other form. */
function decodePayload(text: string): Uint8Array | undefined {
  if (text === '-') return empty
  const rest = text.length % 4
  if (rest === 1) return undefined
  if (rest !== 0 && !unusedBits[rest === 2 ? 2 : 3].test(text)) return undefined
  return Uint8Array.from(Buffer.from(text, 'base64url'))
}

/** ACK and NAK echo the numbers of another frame; all other fragments but the last are full. */
function hasLengthOfItsPlace(header: FrameHeader, length: number): boolean {
  if (header.type === 'ACK') return length === 0
  if (header.type === 'NAK') return true
  if (header.index < header.count) return length === pxpLimits.fragmentLength
  return length > 0 || header.count === 1
}

function lineEnd(text: string): number {
  let end = text.length
  if (text.charCodeAt(end - 1) === 0x0a) end--
  if (text.charCodeAt(end - 1) === 0x0d) end--
  return end
}

function refuse(fault: FrameFault, header?: FrameHeader): ParsedFrame {
  return { ok: false, fault, header }
}
