import {
  concat,
  decodeUtf8,
  encodeUtf8,
  fromBase64,
  parseJson,
  Secret,
  toBase64,
  type Random,
} from '@keyline/bytes'
import { open, seal } from '@keyline/crypto'
import { PlainUnitLine, SealedUnitLine, UnitContent, UnitFileHeader } from '@keyline/ledger/records'
import { StationError } from '../errors.ts'

/** One unit as the file has it, opened. */
export interface UnitRecord extends UnitContent {
  /** Place in the batch: 1, 2, 3, … */
  readonly unit: number
  readonly serialNumber: string
  /** ST's binary image: DAC, its private key, verifier and all the rest. */
  readonly image: Uint8Array
}

/** Longest line that is read: several times the largest image in base64. */
export const longestUnitLine = 262_144

const lineFeed = Uint8Array.of(0x0a)

/** How units of one batch become lines and are read back. */
export interface UnitLines {
  /** The line with its line feed. */
  write(record: UnitRecord): string
  /** @throws StationError `STATION_BATCH_BROKEN`; CryptoError `SEAL_BROKEN` for another key or a moved line */
  read(line: string): UnitRecord
}

/** The first line, with its line feed. */
export function headerLine(header: UnitFileHeader): Uint8Array {
  return encodeUtf8(`${JSON.stringify(header)}\n`)
}

/** @throws StationError `STATION_BATCH_BROKEN` */
export function parseHeader(line: string): UnitFileHeader {
  return parseLine(line, UnitFileHeader, 'the first line')
}

/**
 * Lines whose secrets are readable by whoever has the file: for tests and for lines that seal by other means.
 * JSON, the image in base64.
 */
export const plainLines: UnitLines = {
  write({ image, ...rest }) {
    return `${JSON.stringify({ ...rest, image: toBase64(image) })}\n`
  },
  read(line) {
    const { image, ...rest } = parseLine(line, PlainUnitLine, 'a line')
    return { ...rest, image: decodeImageText(image) }
  },
}

export interface SealedLinesOptions {
  readonly key: Secret
  readonly random: Random
  /** Batch of the units: a line opens in no other, and not under another number. */
  readonly batch: string
}

/**
 * Lines sealed with AES-256-GCM. What is sealed is one line of JSON and then the octets of the image, so that the
 * private key of a device never becomes a text.
 */
export function sealedLines(options: SealedLinesOptions): UnitLines {
  const { key, random, batch } = options
  const contextOf = (unit: number, serialNumber: string) => ({
    record: `${batch}/${unit}/${serialNumber}`,
    column: 'unit',
  })
  return {
    write({ unit, serialNumber, image, passcode, discriminator, qr, manual }) {
      const content = encodeUtf8(JSON.stringify({ passcode, discriminator, qr, manual }))
      using plain = new Secret(concat(content, lineFeed, image))
      content.fill(0)
      const context = contextOf(unit, serialNumber)
      const sealed = seal({ key, random, context, plaintext: plain.reveal() })
      return `{"unit":${unit},"serialNumber":${JSON.stringify(serialNumber)},"sealed":"${base64Of(sealed)}"}\n`
    },
    read(line) {
      const { unit, serialNumber, sealed } = parseLine(line, SealedUnitLine, 'a line')
      const context = contextOf(unit, serialNumber)
      const opened = open({ key, context, sealed: decodeImageText(sealed) }).reveal()
      const end = opened.indexOf(0x0a)
      const content = parseLine(decodeUtf8(opened.subarray(0, end)), UnitContent, 'a sealed unit')
      return { unit, serialNumber, ...content, image: opened.subarray(end + 1) }
    },
  }
}

/** The runtime's own base64: ten times as fast, which counts for every unit. */
function base64Of(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('base64')
}

function decodeImageText(text: string): Uint8Array<ArrayBuffer> {
  return fromBase64(text, 'the octets of a unit')
}

/** What is used of the schemas. */
interface Schema<T> {
  safeParse(value: unknown):
    | { readonly success: true; readonly data: T }
    | {
        readonly success: false
        readonly error: { readonly issues: readonly { readonly path: readonly PropertyKey[] }[] }
      }
}

function parseLine<T>(line: string, schema: Schema<T>, what: string): T {
  let value: unknown
  try {
    value = parseJson(line, what, { maxLength: longestUnitLine })
  } catch (cause) {
    throw new StationError('STATION_BATCH_BROKEN', `${what} of the file is no JSON`, { cause })
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const member = issue?.path.map(String).join('.') ?? ''
  throw new StationError(
    'STATION_BATCH_BROKEN',
    `${what} of the file is wrong at ${member || 'its members'}`,
  )
}
