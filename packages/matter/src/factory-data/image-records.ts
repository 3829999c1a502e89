import { isFilledWith, type Finding } from '@keyline/bytes'
import { endMarker } from './factory-data.ts'
import { factoryDataFinding } from './rules.ts'

/** One record of an image as it stands there. */
export interface ImageRecord {
  readonly tag: number
  /** Of the header in the image. */
  readonly offset: number
  /** A view of the image. */
  readonly value: Uint8Array
}

/**
 * Generation of an image (1.1): G1 has no end marker, G2 has one, G2p was extended on the board,
 * so that its records are not in ascending order.
 */
export type ImageGeneration = 'G1' | 'G2' | 'G2p'

export interface ImageRecords {
  /** In the order of the image, unknown and doubled tags included. */
  readonly records: readonly ImageRecord[]
  readonly generation: ImageGeneration
  /** Octets up to and including the end marker. */
  readonly length: number
  /** FD-044 … FD-046. */
  readonly findings: readonly Finding[]
}

export interface DecodeImageOptions {
  /** Accepts an image without end marker. */
  readonly legacy?: boolean | undefined
}

/** Octets of a header: tag and length, each four octets little endian. */
export const recordHeaderLength = 8
const erasedWord = 0xffff_ffff

/** The records of an image or of a whole region (1.1), whatever their tags. Never throws. */
export function readImageRecords(
  octets: Uint8Array,
  options: DecodeImageOptions = {},
): ImageRecords {
  const records: ImageRecord[] = []
  const container = scanImage(octets, options, (tag, start, end) => {
    const offset = start - recordHeaderLength
    records.push({ tag, offset, value: octets.subarray(start, end) })
  })
  return { records, ...container }
}

/** Where the value of a record starts in the image, and where it ends. */
export type RecordVisitor = (tag: number, start: number, end: number) => void

/** Walks the records without a copy or view of any. */
export function scanImage(
  octets: Uint8Array,
  options: DecodeImageOptions,
  visit: RecordVisitor,
): Omit<ImageRecords, 'records'> {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
  let offset = 0
  let lastTag = 0
  let isAscending = true
  const cut = (reason: string): Omit<ImageRecords, 'records'> => {
    const message = `the record at offset ${offset} runs over the end: ${reason}`
    return { generation: 'G1', length: octets.length, findings: [found('FD-044', message)] }
  }
  while (offset < octets.length) {
    const rest = octets.length - offset
    const tag = rest < 4 ? erasedWord : view.getUint32(offset, true)
    if (tag === endMarker) {
      const length = offset + 4
      const generation = isAscending ? 'G2' : 'G2p'
      if (isFilledWith(octets, 0xff, length)) return { generation, length, findings: [] }
      const message = `octets other than FF stand behind the end marker at offset ${offset}`
      return { generation, length, findings: [found('FD-046', message)] }
    }
    if (tag === erasedWord && isFilledWith(octets, 0xff, offset)) break
    if (rest < recordHeaderLength) return cut(`its header has only ${rest} octets`)
    const length = view.getUint32(offset + 4, true)
    const room = rest - recordHeaderLength
    if (length > room) return cut(`tag ${tag} announces ${length} octets, ${room} are left`)
    const start = offset + recordHeaderLength
    if (tag <= lastTag) isAscending = false
    lastTag = tag
    offset = start + length
    visit(tag, start, offset)
  }
  const message = `no end marker up to offset ${offset}`
  const findings = options.legacy === true ? [] : [found('FD-045', message)]
  return { generation: 'G1', length: offset, findings }
}

function found(rule: 'FD-044' | 'FD-045' | 'FD-046', message: string): Finding {
  return factoryDataFinding({ rule, field: { name: 'image' }, message })
}
