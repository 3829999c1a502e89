import { ByteReader, ByteWriter, BytesError } from '@keyline/bytes'
import { decodeCbor } from '../cbor/reader.ts'
import { encodeCbor } from '../cbor/encode.ts'
import { EatError } from '../errors.ts'
import type { SoftwareComponent } from './claim.ts'
import { componentToCbor, readComponent } from './component.ts'

/** First two octets of the shared area, little endian. */
const magic = 0x2016
const headerLength = 4
/** Major type of entries for attestation. */
const attestation = 1

/** Software modules of an entry, 6 bits. */
export const BootModule = {
  general: 0,
  bl2: 1,
  prot: 2,
  arot: 3,
  spe: 4,
  nspe: 5,
  combined: 6,
} as const

/** Claim of an entry that holds a whole component as a CBOR map, 6 bits. */
export const bootRecordClaim = 0x3f

/** One entry of the shared area that a boot loader hands over (attestation chapter 10). */
export interface BootEntry {
  /** 4 bits; 1 is attestation. */
  readonly major: number
  /** 6 bits. */
  readonly module: number
  /** 6 bits. */
  readonly claim: number
  readonly data: Uint8Array
}

/**
 * The entries of a shared area: magic, total length with this head, then type, length and data of each entry; all
 * numbers little endian. What stands behind the total length is not looked at. @throws EatError `BOOT_RECORD`
 */
export function parseBootRecord(octets: Uint8Array): readonly BootEntry[] {
  try {
    const head = new ByteReader(octets)
    const found = head.u16le('magic')
    if (found !== magic) return refuse(`the magic number is ${found.toString(16)}, not 2016`)
    const length = head.u16le('total length')
    if (length < headerLength) return refuse(`the total length is ${length}, at least 4`)
    return entriesOf(new ByteReader(head.octets(length - headerLength, 'entries')))
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause
    throw new EatError('BOOT_RECORD', cause.message, { cause })
  }
}

/**
 * The software components among the entries, in their order.
 * @throws EatError `BOOT_RECORD`, `E_CBOR_…`, `E_SW_COMPONENT_FIELD`
 */
export function bootComponents(octets: Uint8Array): readonly SoftwareComponent[] {
  return parseBootRecord(octets)
    .filter(({ major, claim }) => major === attestation && claim === bootRecordClaim)
    .map(({ data }, index) => {
      const { component, problems } = readComponent(decodeCbor(data))
      const [problem] = problems
      if (problem === undefined) return component
      const field = problem.claim?.json ?? 'component'
      const message = `${field} of component ${index}: ${problem.message}`
      throw new EatError('E_SW_COMPONENT_FIELD', message, { details: { field, index } })
    })
}

/** A shared area of these entries. @throws BytesError `BYTES_RANGE` above 65 535 octets */
export function encodeBootRecord(entries: readonly BootEntry[]): Uint8Array<ArrayBuffer> {
  const length = entries.reduce((sum, { data }) => sum + headerLength + data.length, headerLength)
  const writer = new ByteWriter(length).u16le(magic).u16le(length, 'total length')
  for (const { major, module, claim, data } of entries) {
    writer.u16le((major << 12) | (module << 6) | claim, 'type').u16le(data.length, 'length')
    writer.octets(data)
  }
  return writer.finish()
}

/** The entry that hands a component over. */
export function componentEntry(module: number, component: SoftwareComponent): BootEntry {
  const data = encodeCbor(componentToCbor(component))
  return { major: attestation, module, claim: bootRecordClaim, data }
}

function entriesOf(reader: ByteReader): readonly BootEntry[] {
  const entries: BootEntry[] = []
  while (reader.remaining > 0) {
    const type = reader.u16le('type')
    const data = reader.octets(reader.u16le('length'), 'data')
    entries.push({ major: type >> 12, module: (type >> 6) & 0x3f, claim: type & 0x3f, data })
  }
  return entries
}

function refuse(message: string): never {
  throw new EatError('BOOT_RECORD', message)
}
