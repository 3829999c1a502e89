import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/** Records of the factory data. Source: matter-factory-data section 1.2. */
export const RecordTag = {
  dac: 3,
  pai: 4,
  privateKey: 5,
  publicKey: 6,
  discriminator: 11,
  salt: 13,
  verifier: 14,
  passcode: 15,
  vendorId: 22,
  productId: 24,
  serialNumber: 25,
} as const

/** Where a file of a board appears in its memory map: at each base, so many octets. */
const memories = [
  { file: 'flash.bin', bases: [0x0800_0000, 0x0c00_0000], size: 0x20_0000 },
  { file: 'external.bin', bases: [0x7000_0000, 0x9000_0000], size: 0x100_0000 },
] as const
/** No image is longer. */
const longestImage = 0x1_0000
const endMarker = 0xacac_acac

export interface BoardFlash {
  readonly uid: string
  /** Slot of the bench, and which board of the slot it was, both from 1. */
  readonly slot: number
  readonly ordinal: number
  read(address: number, length: number): Uint8Array
  /** Values of the factory data by tag; empty when the region is erased or no image. */
  records(address: number): ReadonlyMap<number, Uint8Array>
  /** Scalars in the customer key storage; no debug port reads them. */
  readonly customerKeys: readonly Uint8Array[]
}

/** Every board that a bench has ever had, out of the folder `board-UID` of each. */
export function readBoards(benchFolder: string): readonly BoardFlash[] {
  const names = existsSync(benchFolder) ? readdirSync(benchFolder) : []
  return names
    .filter((name) => name.startsWith('board-'))
    .map((name) => {
      const folder = join(benchFolder, name)
      const read = memoryReader(folder)
      return {
        uid: name.slice('board-'.length),
        ...readPlace(join(folder, 'board.json')),
        read,
        records: (address) => readRecords(read(address, longestImage)),
        customerKeys: readCustomerKeys(join(folder, 'device.json')),
      }
    })
}

/** A file keeps each octet inverted; what it does not reach is erased. */
function memoryReader(folder: string): BoardFlash['read'] {
  const stored = memories.map(({ file, bases, size }) => {
    const path = join(folder, file)
    return { bases, size, octets: existsSync(path) ? readFileSync(path) : new Uint8Array() }
  })
  return (address, length) => {
    for (const { bases, size, octets } of stored) {
      const base = bases.find((start) => address >= start && address < start + size)
      if (base === undefined) continue
      const offset = address - base
      return inverted(octets.subarray(offset, offset + length), Math.min(length, size - offset))
    }
    throw new Error(`no memory of a board is at 0x${address.toString(16)}`)
  }
}

/** Four octets at a time: a campaign looks at hundreds of megabytes. */
function inverted(stored: Uint8Array, length: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4))
  const octets = new Uint8Array(words.buffer, 0, length)
  octets.set(stored)
  for (let index = 0; index < words.length; index++) words[index] = ~(words[index] ?? 0)
  return octets
}

const Place = z.object({ slot: z.number(), ordinal: z.number() })

/** A process that was killed while it made the board may have left no place. */
function readPlace(file: string): z.infer<typeof Place> {
  if (!existsSync(file)) return { slot: 0, ordinal: 0 }
  return Place.parse(JSON.parse(readFileSync(file, 'utf8')))
}

const Device = z.object({ customerKeys: z.record(z.string(), z.string()) })

function readCustomerKeys(file: string): readonly Uint8Array[] {
  if (!existsSync(file)) return []
  const { customerKeys } = Device.parse(JSON.parse(readFileSync(file, 'utf8')))
  return Object.values(customerKeys).map((hex) => Buffer.from(hex, 'hex'))
}

/** Tag and length as 32-bit little-endian numbers, then the value; the marker ends the image. */
function readRecords(region: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const view = new DataView(region.buffer, region.byteOffset, region.length)
  const records = new Map<number, Uint8Array>()
  for (let offset = 0; offset + 8 <= region.length;) {
    const tag = view.getUint32(offset, true)
    if (tag === endMarker) return records
    const length = view.getUint32(offset + 4, true)
    if (length === 0 || length > 1024 || offset + 8 + length > region.length) break
    records.set(tag, region.subarray(offset + 8, offset + 8 + length))
    offset += 8 + length
  }
  return records
}

/** A little-endian number; `undefined` when the record is absent. */
export function numberOf(octets: Uint8Array | undefined): number | undefined {
  return octets?.reduceRight((value, octet) => value * 256 + octet, 0)
}
