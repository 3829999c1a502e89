import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

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

/** First address of the flash. */
const flashBase = 0x0800_0000
const flashSize = 2 * 1024 * 1024
const endMarker = 0xacac_acac

export interface BoardFlash {
  readonly uid: string
  read(address: number, length: number): Uint8Array
  /** Values of the factory data by tag; empty when the region is erased or no image. */
  records(address: number): ReadonlyMap<number, Uint8Array>
}

/** Every board that a bench has ever had, out of the folder `board-UID` of each. */
export function readBoards(benchFolder: string): readonly BoardFlash[] {
  const names = existsSync(benchFolder) ? readdirSync(benchFolder) : []
  return names
    .filter((name) => name.startsWith('board-'))
    .map((name) => {
      const octets = readFlash(join(benchFolder, name, 'flash.bin'))
      const read = (address: number, length: number): Uint8Array =>
        octets.subarray(address - flashBase, address - flashBase + length)
      return {
        uid: name.slice('board-'.length),
        read,
        records: (address) => readRecords(read(address, flashSize)),
      }
    })
}

/** The file keeps each octet inverted; what it does not reach is erased. */
function readFlash(file: string): Uint8Array {
  const octets = Buffer.alloc(flashSize, 0xff)
  const stored = existsSync(file) ? readFileSync(file) : new Uint8Array()
  for (let index = 0; index < stored.length; index++) octets[index] = (stored[index] ?? 0) ^ 0xff
  return octets
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
