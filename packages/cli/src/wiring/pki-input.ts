import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import {
  concat,
  decodeUtf8,
  equalOctets,
  fromHex,
  isKeylineError,
  parseJson,
  type JsonValue,
} from '@keyline/bytes'
import { parseCertificate, pemDecode } from '@keyline/x509'
import { CliError } from '../errors.ts'

/** Most octets of a file by what it holds. Source: security, section 4. */
export const inputLimits = {
  /** PEM bundles and trust stores, each file. */
  certificates: 1_048_576,
  request: 16_384,
  declaration: 65_536,
  key: 16_384,
  json: 65_536,
  image: 65_536,
  /** A document of factory data: as lists of octets, an image takes 13 times its size. */
  factoryData: 262_144,
  revocationSet: 16_777_216,
  text: 16_384,
  /** What a chip is to hash, authenticate, encrypt or keep. */
  message: 1_048_576,
  /** A recording of a bus. */
  trace: 67_108_864,
  /** Tokens, endorsements and results in octets or as text: 16 MiB of an endorsement take twice that in hexadecimal. */
  attestation: 36_700_160,
} as const
export type InputKind = keyof typeof inputLimits

/** Octets with the place they came from, for messages. */
export interface NamedOctets {
  /** `dac.pem`, or `chain.pem#2` for the second block of a file. */
  readonly place: string
  readonly octets: Uint8Array
}

/** The name of the standard input on a command line. */
const standardInput = '-'

/**
 * Reads a file, or the standard input for `-`, up to the limit of its kind.
 * @throws CliError `CLI_FILE`, `CLI_INPUT`
 */
export async function readInput(path: string, kind: InputKind): Promise<Uint8Array> {
  const limit = inputLimits[kind]
  const octets =
    path === standardInput ? await readStandardInput(limit) : await readStart(path, limit)
  const place = placeOf(path)
  if (octets.length > limit) {
    throw new CliError('CLI_INPUT', `${place} has more than ${limit} octets`)
  }
  if (octets.length === 0) throw new CliError('CLI_INPUT', `${place} is empty`)
  return octets
}

/** Reads UTF-8. @throws CliError `CLI_FILE`, `CLI_INPUT` */
export async function readTextInput(path: string, kind: InputKind = 'text'): Promise<string> {
  return within(path, decodeUtf8, await readInput(path, kind))
}

/** Reads strict JSON. @throws CliError `CLI_FILE`, `CLI_INPUT` with line and column */
export async function readJsonInput(path: string, kind: InputKind = 'json'): Promise<JsonValue> {
  const text = await readTextInput(path, kind)
  return within(
    path,
    () => parseJson(text, placeOf(path), { maxLength: inputLimits[kind] }),
    undefined,
  )
}

/** DER in a file that holds DER, one PEM block of the label, or hexadecimal text. @throws CliError `CLI_FILE`, `CLI_INPUT` */
export async function readDerInput(
  path: string,
  kind: InputKind,
  label: string,
): Promise<Uint8Array> {
  const octets = await readInput(path, kind)
  if (octets[0] === 0x30) return octets
  return within(path, (text: Uint8Array) => derOfText(decodeUtf8(text), label), octets)
}

/** Octets of a file as they are, or of hexadecimal text. @throws CliError `CLI_FILE`, `CLI_INPUT` */
export async function readOctetsInput(path: string, kind: InputKind): Promise<Uint8Array> {
  const octets = await readInput(path, kind)
  return hexIn(octets) ?? octets
}

/**
 * Certificates of a file: one in DER, or every PEM block. Whether the octets are certificates is not judged here.
 * @throws CliError `CLI_FILE`, `CLI_INPUT`
 */
export async function readCertificates(path: string): Promise<readonly NamedOctets[]> {
  const octets = await readInput(path, 'certificates')
  const place = placeOf(path)
  if (octets[0] === 0x30) return [{ place, octets }]
  const text = within(path, decodeUtf8, octets)
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*(?:-----END CERTIFICATE-----)?/g) ?? []
  if (blocks.length === 0) {
    throw new CliError('CLI_INPUT', `${place} holds no certificate, neither DER nor PEM`)
  }
  return blocks.map((block, index) => ({
    place: blocks.length === 1 ? place : `${place}#${index + 1}`,
    octets: within(path, (pem: string) => pemDecode(pem, 'CERTIFICATE'), block),
  }))
}

/** The one certificate of a file. @throws CliError `CLI_FILE`, `CLI_INPUT` */
export async function readCertificate(path: string): Promise<Uint8Array> {
  const [first, ...others] = await readCertificates(path)
  if (first !== undefined && others.length === 0) return first.octets
  throw new CliError(
    'CLI_INPUT',
    `${placeOf(path)} holds ${others.length + 1} certificates, not one`,
  )
}

/**
 * Trust anchors: every certificate of the files; of folders those that are their own issuers, as other certificates and keys
 * may lie beside them. Whether they are usable is not judged here.
 * @throws CliError `CLI_FILE`, `CLI_INPUT`
 */
export async function readTrustStore(paths: readonly string[]): Promise<readonly NamedOctets[]> {
  return (await Promise.all(paths.map(trustAnchors))).flat()
}

async function trustAnchors(path: string): Promise<readonly NamedOctets[]> {
  const isFolder =
    path !== standardInput && (await stat(path).catch(() => undefined))?.isDirectory()
  if (isFolder !== true) return readCertificates(path)
  const names = (await readdir(path)).filter((name) => /\.(?:pem|der|crt|cer)$/i.test(name))
  const found = await Promise.all(
    names.toSorted().map((name) => readCertificates(join(path, name)).catch(noCertificate)),
  )
  const anchors = found.flat().filter(({ octets }) => isSelfIssued(octets))
  if (anchors.length > 0) return anchors
  throw new CliError('CLI_INPUT', `${path} holds no certificate that is its own issuer`)
}

/** A key beside the certificates is passed over; a file that cannot be read is not. */
function noCertificate(error: unknown): readonly NamedOctets[] {
  if (error instanceof CliError && error.code === 'CLI_INPUT') return []
  throw error
}

function isSelfIssued(der: Uint8Array): boolean {
  try {
    const { issuer, subject } = parseCertificate(der)
    return equalOctets(issuer, subject)
  } catch (error) {
    if (isKeylineError(error)) return false
    throw error
  }
}

export function placeOf(path: string): string {
  return path === standardInput ? 'standard input' : path
}

/** What a reader gives, with the file in its error. */
function within<T, Input>(path: string, read: (input: Input) => T, input: Input): T {
  try {
    return read(input)
  } catch (cause) {
    if (!isKeylineError(cause)) throw cause
    throw new CliError('CLI_INPUT', `${placeOf(path)}: ${cause.message}`, { cause })
  }
}

function derOfText(text: string, label: string): Uint8Array {
  return /^\s*[0-9a-fA-F\s]+$/.test(text)
    ? fromHex(text.replaceAll(/\s/g, ''), 'hexadecimal text')
    : pemDecode(text, label)
}

function hexIn(octets: Uint8Array): Uint8Array | undefined {
  const text = String.fromCharCode(...octets.subarray(0, inputLimits.text))
  if (octets.length > inputLimits.text || !/^\s*(?:[0-9a-fA-F]{2}\s*)+$/.test(text))
    return undefined
  return fromHex(text.replaceAll(/\s/g, ''))
}

async function readStart(path: string, limit: number): Promise<Uint8Array> {
  try {
    const file = await open(path, 'r')
    try {
      const octets = new Uint8Array(limit + 1)
      let length = 0
      while (length < octets.length) {
        const { bytesRead } = await file.read(octets, length, octets.length - length)
        if (bytesRead === 0) break
        length += bytesRead
      }
      return octets.slice(0, length)
    } finally {
      await file.close()
    }
  } catch (cause) {
    throw new CliError('CLI_FILE', `${path} cannot be read`, { cause })
  }
}

async function readStandardInput(limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of process.stdin) {
    const octets: Uint8Array = typeof part === 'string' ? new TextEncoder().encode(part) : part
    parts.push(octets)
    length += octets.length
    if (length > limit) break
  }
  return concat(...parts)
}
