import { concat, fromHex } from '@keyline/bytes'
import { BoardError } from '../errors.ts'

/** Octets that carry their address. */
export interface Segment {
  readonly address: number
  readonly octets: Uint8Array
}

/** Octets of the largest image: every memory of a part. */
const largestImage = 32 * 1024 * 1024

/**
 * Reads Intel HEX, Motorola S-records or an ELF file for a 32-bit little-endian part: its segments in the order of
 * the file, neighbours joined.
 * @throws BoardError `BOARD_IMAGE`
 */
export function readAddressedImage(file: Uint8Array): readonly Segment[] {
  const isElf = Buffer.compare(file.subarray(0, 4), elfMagic) === 0
  const segments = joined(isElf ? readElf(file) : readRecords(file))
  if (segments.length > 0) return segments
  throw refused('it holds no octets for any address')
}

function* readRecords(file: Uint8Array): Generator<Segment> {
  const lines = Buffer.from(file)
    .toString('latin1')
    .split(/\r\n|\r|\n/)
  let base = 0
  for (const [index, line] of lines.entries()) {
    if (line === '') continue
    const place = `line ${index + 1}`
    if (line.startsWith(':')) {
      const record = hexRecord(line, place)
      if (record.type === hexTypes.end) return
      if (record.type === hexTypes.data) {
        yield { address: base + record.offset, octets: record.data }
      } else base = baseOf(record, base, place)
    } else if (/^S\d/.test(line)) {
      const segment = sRecord(line, place)
      if (segment !== undefined) yield segment
      if (/^S[789]/.test(line)) return
    } else throw refused(`${place} is no record`)
  }
  throw refused('it has no end')
}

const hexTypes = {
  data: 0,
  end: 1,
  segment: 2,
  startSegment: 3,
  linear: 4,
  startLinear: 5,
} as const

interface HexRecord {
  readonly type: number
  readonly offset: number
  readonly data: Uint8Array
}

function hexRecord(line: string, place: string): HexRecord {
  const octets = octetsOf(line.slice(1), place)
  const [length = 0, high = 0, low = 0, type = 0] = octets
  if (octets.length !== length + 5) throw refused(`${place} has another length than it says`)
  if (sumOf(octets) !== 0) throw refused(`${place} has a wrong check sum`)
  return { type, offset: high * 256 + low, data: octets.subarray(4, -1) }
}

function baseOf({ type, data }: HexRecord, base: number, place: string): number {
  if (type === hexTypes.startSegment || type === hexTypes.startLinear) return base
  const [high = 0, low = 0] = data
  const value = high * 256 + low
  if (data.length === 2 && type === hexTypes.linear) return value * 65_536
  if (data.length === 2 && type === hexTypes.segment) return value * 16
  throw refused(`${place} has the unknown type ${type}`)
}

/** Octets of the address of each data record; the others say nothing of the memory. */
const addressLengths: Readonly<Record<string, number>> = { S1: 2, S2: 3, S3: 4 }

function sRecord(line: string, place: string): Segment | undefined {
  const octets = octetsOf(line.slice(2), place)
  if (octets[0] !== octets.length - 1) throw refused(`${place} has another length than it says`)
  if (sumOf(octets) !== 0xff) throw refused(`${place} has a wrong check sum`)
  const addressLength = addressLengths[line.slice(0, 2)]
  if (addressLength === undefined) return undefined
  if (octets.length < addressLength + 2) throw refused(`${place} has no address`)
  const address = octets
    .subarray(1, 1 + addressLength)
    .reduce((value, octet) => value * 256 + octet, 0)
  return { address, octets: octets.subarray(1 + addressLength, -1) }
}

function octetsOf(text: string, place: string): Uint8Array {
  if (!/^(?:[0-9A-Fa-f]{2})+$/.test(text)) throw refused(`${place} is not hexadecimal`)
  return fromHex(text.toLowerCase())
}

function sumOf(octets: Uint8Array): number {
  return octets.reduce((sum, octet) => (sum + octet) & 0xff, 0)
}

const elfMagic = Uint8Array.of(0x7f, 0x45, 0x4c, 0x46)
/** 32 bits, little endian. */
const elfClass = [1, 1] as const
const programHeaderLength = 32
const loadable = 1

/** What the program headers load, at its physical address. */
function* readElf(file: Uint8Array): Generator<Segment> {
  const view = new DataView(file.buffer, file.byteOffset, file.length)
  if (file.length < 52 || file[4] !== elfClass[0] || file[5] !== elfClass[1]) {
    throw refused('it is no ELF file of 32 bits, little endian')
  }
  const table = view.getUint32(28, true)
  const entryLength = view.getUint16(42, true)
  const count = view.getUint16(44, true)
  if (entryLength < programHeaderLength || table + count * entryLength > file.length) {
    throw refused('its program headers lie outside of the file')
  }
  for (let index = 0; index < count; index++) {
    const at = table + index * entryLength
    const [type, offset, , address, length] = [0, 4, 8, 12, 16].map((member) =>
      view.getUint32(at + member, true),
    )
    if (type !== loadable || offset === undefined || address === undefined || !length) continue
    if (offset + length > file.length) throw refused(`segment ${index} lies outside of the file`)
    yield { address, octets: file.subarray(offset, offset + length) }
  }
}

function joined(segments: Iterable<Segment>): readonly Segment[] {
  const found: { readonly address: number; readonly pieces: Uint8Array[]; end: number }[] = []
  let total = 0
  for (const { address, octets } of segments) {
    total += octets.length
    if (total > largestImage) throw refused(`it has more than ${largestImage} octets`)
    const last = found.at(-1)
    if (last?.end === address) {
      last.pieces.push(octets)
      last.end += octets.length
    } else if (octets.length > 0) {
      found.push({ address, pieces: [octets], end: address + octets.length })
    }
  }
  return found.map(({ address, pieces }) => ({ address, octets: concat(...pieces) }))
}

function refused(reason: string): BoardError {
  return new BoardError('BOARD_IMAGE', `the image cannot be read: ${reason}`)
}
