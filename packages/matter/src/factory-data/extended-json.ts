import {
  isKeylineError,
  parseJson,
  seededRandom,
  type JsonValue,
  type Random,
} from '@keyline/bytes'
import { spake2pVerifier } from '@keyline/crypto'
import { MatterError } from '../errors.ts'
import { readAttestation, type AttestationFiles } from './extended-attestation.ts'
import { infoFinding, readInfo, type FactoryDataInfo } from './extended-info.ts'
import { ExtendedReader, type BinaryValue } from './extended-reader.ts'
import type { FactoryData, FactoryDataBuilder, ReadFactoryData } from './factory-data.ts'
import { drawDiscriminator, drawPasscode } from './passcode.ts'
import { isProfileName, type ProfileName } from './profile.ts'
import { duplicateFinding, isJsonObject } from './st-json.ts'

/** Value of the member `format` that tells this form from ST's. */
export const extendedFormat = 'matter-factory/1'

/** Names of the discovery capabilities, in the order of their bits. */
export const discoveryNames = ['softap', 'ble', 'ip', 'wifi-paf', 'nfc', 'thread'] as const

export interface ExtendedJsonOptions extends AttestationFiles {
  /** Where the document says `random`. */
  readonly random: Random
  /** In place of `random`, for a set that can be made again. Policy `production` refuses it. */
  readonly seed?: string | undefined
  /** In place of the document's. */
  readonly policy?: 'test' | 'production' | undefined
}

/** What the extended form says beyond the set itself. */
export interface ExtendedFactoryData extends ReadFactoryData {
  readonly profile: ProfileName
  readonly policy: 'test' | 'production'
  /** The passcode, also when it is not to be stored on the device. */
  readonly passcode: number | undefined
  /** Commissioning flow of the onboarding payload. */
  readonly flow: number
  /** Bits of the discovery capabilities. */
  readonly discovery: number
  /** Attributes that no image holds. */
  readonly info: FactoryDataInfo
}

/** Octets of a salt that is drawn. */
const drawnSaltLength = 32

/** True for a document in the extended form; the other one is ST's. */
export function isExtendedJson(text: string): boolean {
  const document = parseJson(text, 'factory data', { onDuplicate: () => undefined })
  return isJsonObject(document) && document['format'] === extendedFormat
}

/**
 * Reads the extended form (matter-factory-data 3.1): draws what is `random`, derives the verifier and the
 * public key where they are left out (`none` in their place keeps them out), and reads the files it names.
 * Reports FD-001 … FD-005, FD-048 and INFO-01 … INFO-03; the rules of the values are those of `checkFactoryData`.
 * @throws BytesError `BYTES_TEXT` when the text is not JSON at all
 * @throws MatterError `FACTORY_DATA_FILE` when a file it names cannot be read or holds something else,
 *   `FACTORY_DATA_SEED` for a seed under policy `production`
 */
export async function parseExtendedJson(
  text: string,
  options: ExtendedJsonOptions,
): Promise<ExtendedFactoryData> {
  const duplicates: string[] = []
  const document = parseJson(text, 'factory data', {
    onDuplicate: (member) => void duplicates.push(member),
  })
  const read = await readExtendedDocument(document, options)
  return { ...read, findings: [...duplicates.map(duplicateFinding), ...read.findings] }
}

/** Reads a parsed document. @see parseExtendedJson */
export async function readExtendedDocument(
  document: JsonValue,
  options: ExtendedJsonOptions,
): Promise<ExtendedFactoryData> {
  const reader = new ExtendedReader(isJsonObject(document) ? document : {})
  const data: FactoryDataBuilder = {}
  if (reader.text('format') !== extendedFormat) {
    reader.report('FD-002', 'format', `the document is not an object of format ${extendedFormat}`)
  }
  const profile = reader.text('profile') ?? 'wba'
  if (!isProfileName(profile)) reader.report('FD-002', 'profile', 'no profile has this name')
  const named = reader.oneOf('policy', ['test', 'production'])
  const policy = options.policy ?? named ?? 'test'
  readDevice(reader, data)
  const commissioning = readCommissioning(reader, data, randomOf(options, policy))
  await readAttestation(reader, data, options)
  const info = readInfo(reader)
  if (!commissioning.isPasscodeStored) data.passcode = undefined
  if (data.verifier === undefined) {
    data.verifier = await derived(commissioning.passcode, data, reader)
  }
  return {
    data,
    present: reader.present,
    findings: reader.finish(),
    profile: isProfileName(profile) ? profile : 'wba',
    policy,
    passcode: commissioning.passcode,
    flow: commissioning.flow,
    discovery: commissioning.discovery,
    info,
  }
}

function randomOf({ random, seed }: ExtendedJsonOptions, policy: 'test' | 'production'): Random {
  if (seed === undefined) return random
  if (policy === 'test') return seededRandom(seed)
  throw new MatterError('FACTORY_DATA_SEED', 'policy production draws from the system alone')
}

function readDevice(reader: ExtendedReader, data: FactoryDataBuilder): void {
  data.vendorId = reader.integer('device.vendorId', 'vendorId', 2)
  data.productId = reader.integer('device.productId', 'productId', 2)
  data.hardwareVersion = reader.integer('device.hardwareVersion', 'hardwareVersion', 2)
  data.vendorName = reader.text('device.vendorName', 'vendorName')
  data.productName = reader.text('device.productName', 'productName')
  data.serialNumber = reader.text('device.serialNumber', 'serialNumber')
  data.hardwareVersionString = reader.text('device.hardwareVersionString', 'hardwareVersionString')
  data.manufacturingDate = reader.text('device.manufacturingDate', 'manufacturingDate')
  data.rotatingDeviceId = reader.text('device.rotatingIdUniqueId', 'rotatingDeviceId')
  data.enableKey = reader.text('device.enableKey', 'enableKey')
}

interface Commissioning {
  readonly passcode: number | undefined
  readonly isPasscodeStored: boolean
  readonly flow: number
  readonly discovery: number
}

function readCommissioning(
  reader: ExtendedReader,
  data: FactoryDataBuilder,
  random: Random,
): Commissioning {
  data.discriminator = reader.isRandom('commissioning.discriminator', 'discriminator')
    ? drawDiscriminator(random)
    : reader.integer('commissioning.discriminator', 'discriminator', 2)
  const isPasscodeStored = reader.flag('commissioning.storePasscode') ?? true
  const passcodeField = isPasscodeStored ? 'passcode' : undefined
  data.passcode = reader.isRandom('commissioning.passcode', passcodeField)
    ? drawPasscode(random)
    : reader.integer('commissioning.passcode', passcodeField, 4)
  data.iterations = reader.integer('commissioning.iterations', 'iterations', 4)
  data.salt = reader.isRandom('commissioning.salt', 'salt')
    ? random.bytes(drawnSaltLength)
    : octetsOf(reader.binary('commissioning.salt', 'salt'))
  data.verifier = reader.isWord('commissioning.verifier', 'none', undefined)
    ? undefined
    : octetsOf(reader.binary('commissioning.verifier', 'verifier'))
  const flow = reader.integer('commissioning.flow', undefined, 2) ?? 0
  if (flow > 2) {
    const message = 'must be 0 (standard), 1 (user intent) or 2 (custom)'
    reader.add(infoFinding('INFO-03', 'commissioning.flow', String(flow), message))
  }
  const names = reader.list('commissioning.discovery') ?? ['ble']
  let discovery = 0
  for (const name of names) {
    const bit = discoveryNames.findIndex((candidate) => candidate === name)
    if (bit < 0) {
      reader.report('FD-002', 'commissioning.discovery', `no capability ${JSON.stringify(name)}`)
    } else discovery |= 1 << bit
  }
  return { passcode: data.passcode, isPasscodeStored, flow, discovery }
}

/** The verifier, when everything is there that it follows from; a parameter out of range leaves it out. */
async function derived(
  passcode: number | undefined,
  data: FactoryData,
  reader: ExtendedReader,
): Promise<Uint8Array | undefined> {
  const { salt, iterations } = data
  if (passcode === undefined || salt === undefined || iterations === undefined) return undefined
  if (reader.has('commissioning.verifier')) return undefined
  reader.present.add('verifier')
  try {
    const { verifier } = await spake2pVerifier({ passcode, salt, iterations })
    return verifier
  } catch (error) {
    if (isKeylineError(error)) return undefined
    throw error
  }
}

/** Salt and verifier have no file form. */
function octetsOf(value: BinaryValue | undefined): Uint8Array | undefined {
  if (value === undefined || 'octets' in value) return value?.octets
  throw new MatterError('FACTORY_DATA_FILE', `${value.file}: this value cannot come from a file`)
}
