import { endMarker, maxRecordLength } from './factory-data.ts'

/** Status of ST's reader (matter-factory-data 1.4). */
export const ReaderStatus = {
  ok: 'OK',
  dataNotFound: 'DATA_NOT_FOUND',
  bufferTooSmall: 'BUFFER_TOO_SMALL',
  parameterError: 'PARAM_ERROR',
} as const
export type ReaderStatus = (typeof ReaderStatus)[keyof typeof ReaderStatus]

export type ReaderResult =
  | { readonly status: 'OK'; readonly value: Uint8Array }
  | { readonly status: Exclude<ReaderStatus, 'OK'> }

/** G1: reader of the first releases, which does not know the end marker. G2: reader of 1.4. */
export type ReaderGeneration = 'G1' | 'G2'

/**
 * What the application of a board gets when it asks for a tag: the exact scan of ST's firmware,
 * its defects included. The end address it compares with is the last octet of the region.
 * Octets behind the region are taken as erased.
 * @param region the whole factory-data region
 * @param bufferSize octets of the caller's buffer
 */
export function readWithStReader(
  region: Uint8Array,
  tag: number,
  bufferSize: number,
  generation: ReaderGeneration = 'G2',
): ReaderResult {
  const endAddress = region.length - 1
  let location = 0
  do {
    const recordTag = word(region, location)
    const length = word(region, location + 4)
    if (generation === 'G2' && recordTag === endMarker) return { status: 'DATA_NOT_FOUND' }
    if (length === 0 || length > maxRecordLength) return { status: 'PARAM_ERROR' }
    if (recordTag === tag) {
      if (length > bufferSize) return { status: 'BUFFER_TOO_SMALL' }
      return { status: 'OK', value: octetsAt(region, location + 8, length) }
    }
    location += 8 + length
  } while (location < endAddress)
  if (location > endAddress) return { status: 'DATA_NOT_FOUND' }
  return { status: 'OK', value: new Uint8Array(0) }
}

/** Buffers of the callers in the Matter SDK, in octets by tag (1.6). A signed declaration may have 900. */
export const readerBuffers: Readonly<Record<number, number>> = {
  1: 900,
  3: 600,
  4: 600,
  5: 32,
  6: 65,
  11: 2,
  12: 4,
  13: 32,
  14: 97,
  15: 4,
  21: 33,
  22: 2,
  23: 33,
  24: 2,
  25: 33,
  27: 2,
}

function word(region: Uint8Array, offset: number): number {
  const octet = (index: number): number => region[offset + index] ?? 0xff
  return (octet(0) | (octet(1) << 8) | (octet(2) << 16) | (octet(3) << 24)) >>> 0
}

function octetsAt(region: Uint8Array, start: number, length: number): Uint8Array {
  if (start + length <= region.length) return region.subarray(start, start + length)
  const padded = new Uint8Array(length).fill(0xff)
  padded.set(region.subarray(start))
  return padded
}
