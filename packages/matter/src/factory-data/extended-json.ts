import { isKeylineError, parseJson, Secret, type Finding, type Random } from '@keyline/bytes'
import { p256FromEncoded, p256PointOf, p256ScalarOf, spake2pVerifier } from '@keyline/crypto'
import { pemDecode } from '@keyline/x509'
import { MatterError } from '../errors.ts'
import { ExtendedReader, type BinaryValue } from './extended-reader.ts'
import type { FactoryData, FactoryDataBuilder, ReadFactoryData } from './factory-data.ts'
import { drawDiscriminator, drawPasscode } from './passcode.ts'
import { isProfileName, profiles, type FactoryDataProfile } from './profile.ts'
import { duplicateFinding, isJsonObject } from './st-json.ts'

/** Value of the member `format` that tells this form from ST's. */
export const extendedFormat = 'matter-factory/1'

/** Names of the discovery capabilities, in the order of their bits. */
export const discoveryNames = ['softap', 'ble', 'ip', 'wifi-paf', 'nfc', 'thread'] as const

export interface ExtendedJsonOptions {
  /** Reads a file that the document names, relative to the document. */
  readonly readFile: (name: string) => Promise<Uint8Array>
  /** Where the document says `random`. */
  readonly random: Random
  readonly keyPassphrase?: Secret | undefined
}

/** What the extended form says beyond the set itself. */
export interface ExtendedFactoryData extends ReadFactoryData {
  readonly profile: FactoryDataProfile
  readonly policy: 'test' | 'production'
  /** The passcode, also when it is not to be stored on the device. */
  readonly passcode: number | undefined
  /** Commissioning flow of the onboarding payload. */
  readonly flow: number
  /** Bits of the discovery capabilities. */
  readonly discovery: number
}

/** Octets of a salt that is drawn. */
const drawnSaltLength = 32

/** Matter attributes without a tag (matter-factory-data 6.3): checked and kept, never written to the image. */
const infoTexts = {
  uniqueId: 32,
  partNumber: 32,
  productUrl: 256,
  productLabel: 64,
  softwareVersionString: 64,
} as const
const infoNumbers = {
  productFinish: 0xff,
  primaryColor: 0xff,
  softwareVersion: 0xffff_ffff,
} as const

/** True for a document in the extended form; the other one is ST's. */
export function isExtendedJson(text: string): boolean {
  const document = parseJson(text, 'factory data', { onDuplicate: () => undefined })
  return isJsonObject(document) && document['format'] === extendedFormat
}

/**
 * Reads the extended form (matter-factory-data 3.1): draws what is `random`, derives the verifier and the
 * public key where they are left out, and reads the files it names. Reports FD-001 … FD-005 and FD-048; the rules of the values are
 * those of `checkFactoryData`.
 * @throws BytesError `BYTES_TEXT` when the text is not JSON at all
 * @throws MatterError `FACTORY_DATA_FILE` when a file it names cannot be read or holds something else
 */
export async function parseExtendedJson(
  text: string,
  options: ExtendedJsonOptions,
): Promise<ExtendedFactoryData> {
  const duplicates: string[] = []
  const document = parseJson(text, 'factory data', {
    onDuplicate: (member) => void duplicates.push(member),
  })
  const reader = new ExtendedReader(isJsonObject(document) ? document : {})
  const data: FactoryDataBuilder = {}
  if (reader.text('format') !== extendedFormat) {
    reader.report('FD-002', 'format', `the document is not an object of format ${extendedFormat}`)
  }
  const profileName = reader.text('profile') ?? 'wba'
  if (!isProfileName(profileName)) reader.report('FD-002', 'profile', 'no profile has this name')
  const policy = reader.oneOf('policy', ['test', 'production']) ?? 'test'
  readDevice(reader, data)
  const commissioning = readCommissioning(reader, data, options)
  await readAttestation(reader, data, options)
  readInfo(reader)
  if (!commissioning.isPasscodeStored) data.passcode = undefined
  if (data.verifier === undefined) {
    data.verifier = await derived(commissioning.passcode, data, reader)
  }
  const findings: Finding[] = [...duplicates.map(duplicateFinding), ...reader.finish()]
  return {
    data,
    present: reader.present,
    findings,
    profile: profiles[isProfileName(profileName) ? profileName : 'wba'],
    policy,
    passcode: commissioning.passcode,
    flow: commissioning.flow,
    discovery: commissioning.discovery,
  }
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
  { random }: ExtendedJsonOptions,
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
  data.verifier = octetsOf(reader.binary('commissioning.verifier', 'verifier'))
  const flow = reader.integer('commissioning.flow', undefined, 2) ?? 0
  const names = reader.list('commissioning.discovery') ?? ['ble']
  let discovery = 0
  for (const name of names) {
    const bit = discoveryNames.findIndex((candidate) => candidate === name)
    if (bit < 0)
      reader.report('FD-002', 'commissioning.discovery', `no capability ${JSON.stringify(name)}`)
    else discovery |= 1 << bit
  }
  return { passcode: data.passcode, isPasscodeStored, flow, discovery }
}

async function readAttestation(
  reader: ExtendedReader,
  data: FactoryDataBuilder,
  options: ExtendedJsonOptions,
): Promise<void> {
  const load = async (
    member: string,
    field: 'certificationDeclaration' | 'dacCertificate' | 'paiCertificate' | 'firmwareInformation',
  ): Promise<Uint8Array | undefined> => {
    const value = await resolve(reader.binary(`attestation.${member}`, field), options)
    return value === undefined ? undefined : derOf(value, member)
  }
  data.certificationDeclaration = await load('certificationDeclaration', 'certificationDeclaration')
  data.firmwareInformation = await load('firmwareInformation', 'firmwareInformation')
  data.dacCertificate = await load('dac', 'dacCertificate')
  data.paiCertificate = await load('pai', 'paiCertificate')
  const key = await resolve(reader.binary('attestation.privateKey', 'dacPrivateKey'), options)
  if (key !== undefined) data.dacPrivateKey = scalarOf(key, options.keyPassphrase)
  const isDerived = reader.isWord('attestation.publicKey', 'derive', 'dacPublicKey')
  const point = isDerived
    ? undefined
    : await resolve(reader.binary('attestation.publicKey', 'dacPublicKey'), options)
  data.dacPublicKey =
    point ?? (data.dacPrivateKey === undefined ? undefined : pointOf(data.dacPrivateKey))
}

function readInfo(reader: ExtendedReader): void {
  for (const [member, limit] of Object.entries(infoTexts)) {
    const text = reader.text(`info.${member}`)
    if (text === undefined) continue
    const isUrl = member !== 'productUrl' || /^https?:\/\/\S+$/.test(text)
    if (text === '' || Buffer.byteLength(text) > limit || !isUrl) {
      reader.report(
        'FD-002',
        `info.${member}`,
        `must be ${isUrl ? 'a text' : 'a URL'} of 1 to ${limit} octets`,
      )
    }
    reader.report('FD-048', `info.${member}`, 'no tag holds the attribute; it is not written')
  }
  for (const [member, max] of Object.entries(infoNumbers)) {
    const value = reader.integer(`info.${member}`, undefined, 4)
    if (value === undefined) continue
    if (value > max) reader.report('FD-004', `info.${member}`, `must be at most ${max}`)
    reader.report('FD-048', `info.${member}`, 'no tag holds the attribute; it is not written')
  }
}

/** The verifier, when everything is there that it follows from; a parameter out of range leaves it out. */
async function derived(
  passcode: number | undefined,
  data: FactoryData,
  reader: ExtendedReader,
): Promise<Uint8Array | undefined> {
  const { salt, iterations } = data
  if (passcode === undefined || salt === undefined || iterations === undefined) return undefined
  if (reader.present.has('verifier')) return undefined
  reader.present.add('verifier')
  try {
    const { verifier } = await spake2pVerifier({ passcode, salt, iterations })
    return verifier
  } catch (error) {
    if (isKeylineError(error)) return undefined
    throw error
  }
}

/** A file that is named, or the octets themselves. */
async function resolve(
  value: BinaryValue | undefined,
  options: ExtendedJsonOptions,
): Promise<Uint8Array | undefined> {
  if (value === undefined || 'octets' in value) return value?.octets
  try {
    return await options.readFile(value.file)
  } catch (cause) {
    const message = `${value.file}, which the document names, cannot be read`
    throw new MatterError('FACTORY_DATA_FILE', message, { cause })
  }
}

/** Salt and verifier have no file form. */
function octetsOf(value: BinaryValue | undefined): Uint8Array | undefined {
  if (value === undefined || 'octets' in value) return value?.octets
  throw new MatterError('FACTORY_DATA_FILE', `${value.file}: this value cannot come from a file`)
}

/** DER, or the first certificate of a PEM text. */
function derOf(octets: Uint8Array, member: string): Uint8Array {
  const text = Buffer.from(octets.subarray(0, 11)).toString('latin1')
  if (text !== '-----BEGIN ') return octets
  try {
    return pemDecode(Buffer.from(octets).toString('latin1'), 'CERTIFICATE')
  } catch (cause) {
    const message = `attestation.${member} is PEM, but not of a certificate`
    throw new MatterError('FACTORY_DATA_FILE', message, { cause })
  }
}

/** SEC1, PKCS#8 (PEM or DER) or the scalar itself; anything else is left for FD-037. */
function scalarOf(octets: Uint8Array, passphrase: Secret | undefined): Secret {
  if (octets.length <= 32) return new Secret(Uint8Array.from(octets))
  try {
    return p256ScalarOf(p256FromEncoded({ octets, passphrase }))
  } catch (cause) {
    throw new MatterError('FACTORY_DATA_FILE', 'attestation.privateKey is no P-256 key', { cause })
  }
}

function pointOf(scalar: Secret): Uint8Array | undefined {
  try {
    return p256PointOf(scalar.reveal())
  } catch (error) {
    if (isKeylineError(error)) return undefined
    throw error
  }
}
