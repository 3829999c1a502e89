import { concat } from '@keyline/bytes'

/** What a block of the sequence counter is for (section 4.1). */
export const BlockSubject = {
  commandMac: 0x00,
  responseMac: 0x40,
  commandIv: 0x80,
  responseIv: 0xc0,
} as const
export type BlockSubject = (typeof BlockSubject)[keyof typeof BlockSubject]

export const blockLength = 16

/** A sequence counter with its width on the wire. */
export interface SequenceCounter {
  readonly value: number
  readonly width: 3 | 4
}

/** `counter ‖ subject ‖ 80 ‖ 00…`, one block. IVs are made of it by AES-ECB under the cipher key. */
export function counterBlock({ value, width }: SequenceCounter, subject: BlockSubject): Uint8Array {
  const block = new Uint8Array(blockLength)
  for (let index = 0; index < width; index++) block[index] = value >>> (8 * (width - 1 - index))
  block[width] = subject
  block[width + 1] = 0x80
  return block
}

/** The greatest value that a counter of this width holds. */
export function maxCounter(width: 3 | 4): number {
  return 2 ** (8 * width) - 1
}

export interface ProtectedCommand {
  /** With its flags, one octet or two. */
  readonly header: Uint8Array
  /** As transmitted, without MAC. */
  readonly payload: Uint8Array
}

/** What goes under the C-MAC; the counter is the one before the command (section 4.2). */
export function commandMacInput(
  counter: SequenceCounter,
  { header, payload }: ProtectedCommand,
): Uint8Array<ArrayBuffer> {
  const block = counterBlock(counter, BlockSubject.commandMac)
  return concat(block, Uint8Array.of(0), header, u16(payload.length), payload)
}

export interface ProtectedResponse {
  readonly command: ProtectedCommand
  /** As received, bits 7-5 included. */
  readonly status: number
  /** As transmitted, without MAC. */
  readonly payload: Uint8Array
}

/** What goes under the R-MAC; the counter is the one after the command (section 4.4). */
export function responseMacInput(
  counter: SequenceCounter,
  { command, status, payload }: ProtectedResponse,
): Uint8Array<ArrayBuffer> {
  return concat(
    counterBlock(counter, BlockSubject.responseMac),
    Uint8Array.of(0x80),
    command.header,
    u16(command.payload.length),
    command.payload,
    Uint8Array.of(status),
    u16(payload.length),
    payload,
  )
}

/** `octets ‖ 80 ‖ 00…` up to the next multiple: at least one octet is added. */
export function pad(octets: Uint8Array, multiple = blockLength): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array(octets.length + multiple - (octets.length % multiple))
  padded.set(octets)
  padded[octets.length] = 0x80
  return padded
}

/** Takes the padding off, or nothing when it is not `80 ‖ 00…` inside the last block. A view. */
export function unpad(padded: Uint8Array, multiple = blockLength): Uint8Array | undefined {
  if (padded.length === 0 || padded.length % multiple !== 0) return undefined
  let end = padded.length - 1
  const least = padded.length - multiple
  while (end > least && padded[end] === 0) end--
  return padded[end] === 0x80 ? padded.subarray(0, end) : undefined
}

/** Greatest payload of a command in octets, before padding, for frames of `maxFrame` without CRC. */
export function maxCommandPayload(
  maxFrame: number,
  headerLength: number,
  protection: 'none' | 'mac' | 'encrypted',
): number {
  const room = maxFrame - headerLength - (protection === 'none' ? 0 : 4)
  return protection === 'encrypted' ? room - (room % blockLength) - 1 : room
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value & 0xff)
}
