import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { decodeUtf8, isKeylineError, systemRandom } from '@keyline/bytes'
import {
  decodeImage,
  isExtendedJson,
  parseExtendedJson,
  parseStJson,
  profiles,
  type DecodedImage,
  type ExtendedFactoryData,
  type FactoryDataMode,
  type FactoryDataSetting,
  type ProfileName,
  type ReadFactoryData,
} from '@keyline/matter'
import { CliError } from '../errors.ts'
import { readPassphrase } from './pki.ts'
import { inputLimits, placeOf, readInput } from './pki-input.ts'

/** Options that every command about factory data takes. */
export interface FactoryDataOptions {
  readonly profile?: ProfileName
  readonly mode: FactoryDataMode
  readonly policy?: 'test' | 'production'
  readonly keyStorage: 'flash' | 'secure'
  readonly legacy?: boolean
  readonly allowUnknown?: boolean
  readonly seed?: string
  readonly passphraseFile?: string
}

/** Factory data of a file in whatever form it has. */
export type FactoryDataInput = { readonly place: string } & (
  | {
      readonly form: 'image'
      readonly octets: Uint8Array
      readonly read: DecodedImage
      readonly extended?: undefined
    }
  | { readonly form: 'st'; readonly read: ReadFactoryData; readonly extended?: undefined }
  | {
      readonly form: 'extended'
      readonly read: ReadFactoryData
      readonly extended: ExtendedFactoryData
    }
)

/**
 * Reads an image, ST's JSON or the extended JSON; `-` is the standard input.
 * @throws CliError `CLI_FILE`, `CLI_INPUT` with the name of the file
 */
export async function readFactoryData(
  path: string,
  options: FactoryDataOptions,
): Promise<FactoryDataInput> {
  const place = placeOf(path)
  const octets = await readInput(path, 'factoryData')
  if (!isText(octets)) {
    if (octets.length > inputLimits.image) {
      throw new CliError('CLI_INPUT', `${place} has more than ${inputLimits.image} octets`)
    }
    return { place, form: 'image', octets, read: decodeImage(octets, options) }
  }
  const reading = await readingOptions(path, options)
  return inFile(place, async () => {
    const text = decodeUtf8(octets)
    if (!isExtendedJson(text)) {
      return { place, form: 'st', read: parseStJson(text, reading) }
    }
    const extended = await parseExtendedJson(text, reading)
    return { place, form: 'extended', read: extended, extended }
  })
}

/** The common object of a batch, as text. @throws CliError `CLI_FILE`, `CLI_INPUT` */
export async function readCommonObject(path: string): Promise<string> {
  const octets = await readInput(path, 'factoryData')
  return inFile(placeOf(path), async () => decodeUtf8(octets))
}

/** How documents of this file are read: names in it are relative to it. */
export async function readingOptions(path: string, options: FactoryDataOptions) {
  const { passphraseFile } = options
  const folder = path === '-' ? '.' : dirname(path)
  return {
    readFile: (name: string) => readNamedFile(resolve(folder, name)),
    random: systemRandom,
    keyPassphrase: passphraseFile === undefined ? undefined : await readPassphrase(passphraseFile),
    seed: options.seed,
    policy: options.policy,
    unknownMembers: options.allowUnknown === true ? ('warning' as const) : undefined,
  }
}

/** What decides over the rules: the options, else the document, else a test on a WBA board. */
export function settingOf(
  options: FactoryDataOptions,
  extended?: Pick<ExtendedFactoryData, 'profile' | 'policy'>,
): FactoryDataSetting {
  return {
    profile: profiles[profileOf(options, extended)],
    mode: options.mode,
    policy: options.policy ?? extended?.policy ?? 'test',
    keyStorage: options.keyStorage,
  }
}

export function profileOf(
  options: FactoryDataOptions,
  extended?: Pick<ExtendedFactoryData, 'profile'>,
): ProfileName {
  return options.profile ?? extended?.profile ?? 'wba'
}

/** Names the file in an error about what it holds. */
export async function inFile<T>(place: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    const isAboutFile = isKeylineError(cause) && cause.fault === 'caller'
    if (!isAboutFile || cause instanceof CliError) throw cause
    const { remedy } = cause
    throw new CliError('CLI_INPUT', `${place}: ${cause.message}`, { cause, remedy })
  }
}

async function readNamedFile(path: string): Promise<Uint8Array> {
  const octets = await readFile(path)
  if (octets.length <= inputLimits.image) return Uint8Array.from(octets)
  throw new CliError('CLI_INPUT', `${path} has more than ${inputLimits.image} octets`)
}

const textStarts: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0d, 0x20, 0x5b, 0x7b])

/** An image begins with a tag, of whose four octets the last are 0; no JSON text holds such an octet. */
function isText(octets: Uint8Array): boolean {
  const [first = 0] = octets
  return textStarts.has(first) && !octets.subarray(0, 4).includes(0)
}
