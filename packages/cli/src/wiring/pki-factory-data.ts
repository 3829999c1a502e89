import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { decodeUtf8, isKeylineError, systemRandom, type Finding } from '@keyline/bytes'
import {
  decodeImage,
  isExtendedJson,
  parseExtendedJson,
  parseStJson,
  type FactoryData,
} from '@keyline/matter'
import { CliError } from '../errors.ts'
import { inputLimits, placeOf, readInput } from './pki-input.ts'

/** Factory data of a file, in whatever form they stand there. */
export interface FileFactoryData {
  readonly data: FactoryData
  /** Also where it is not to be stored on the device. */
  readonly passcode: number | undefined
  /** Commissioning flow and discovery capabilities; only the extended form says them. */
  readonly flow: number | undefined
  readonly discovery: number | undefined
  /** What the reader of the form has found. */
  readonly findings: readonly Finding[]
}

/**
 * Reads an image, ST's JSON or the extended JSON; `-` is the standard input, whose document may name files of the present folder.
 * @throws CliError `CLI_FILE`, `CLI_INPUT`; MatterError `FACTORY_DATA_FILE`
 */
export async function readFactoryDataFile(path: string): Promise<FileFactoryData> {
  const octets = await readInput(path, 'image')
  if (!isJsonStart(octets)) {
    const { data, findings } = decodeImage(octets, { legacy: true })
    return { data, findings, passcode: data.passcode, flow: undefined, discovery: undefined }
  }
  try {
    const text = decodeUtf8(octets, placeOf(path))
    if (!isExtendedJson(text)) {
      const { data, findings } = parseStJson(text, { unknownMembers: 'warning' })
      return { data, findings, passcode: data.passcode, flow: undefined, discovery: undefined }
    }
    const folder = path === '-' ? '.' : dirname(path)
    const read = await parseExtendedJson(text, {
      readFile: (name) => readNamedFile(join(folder, name)),
      random: systemRandom,
    })
    const { data, findings, passcode, flow, discovery } = read
    return { data, findings, passcode, flow, discovery }
  } catch (cause) {
    if (!isKeylineError(cause) || cause instanceof CliError) throw cause
    throw new CliError('CLI_INPUT', `${placeOf(path)}: ${cause.message}`, { cause })
  }
}

async function readNamedFile(path: string): Promise<Uint8Array> {
  const octets = await readFile(path)
  if (octets.length > inputLimits.image) {
    throw new CliError('CLI_INPUT', `${path} has more than ${inputLimits.image} octets`)
  }
  return octets
}

/** An image begins with a tag below 256 in four octets; JSON with a brace, perhaps behind blanks. */
function isJsonStart(octets: Uint8Array): boolean {
  const first = octets.find((octet) => octet !== 0x20 && octet !== 0x0a && octet !== 0x0d)
  return first === 0x7b && octets[1] !== 0
}
