import { isKeylineError, Secret } from '@keyline/bytes'
import { p256FromEncoded, p256PointOf, p256ScalarOf } from '@keyline/crypto'
import { pemDecode } from '@keyline/x509'
import { MatterError } from '../errors.ts'
import type { BinaryValue, ExtendedReader } from './extended-reader.ts'
import type { FactoryDataBuilder } from './factory-data.ts'

export interface AttestationFiles {
  /** Reads a file that the document names, relative to the document. */
  readonly readFile: (name: string) => Promise<Uint8Array>
  readonly keyPassphrase?: Secret | undefined
}

type OctetsField =
  | 'certificationDeclaration'
  | 'dacCertificate'
  | 'paiCertificate'
  | 'firmwareInformation'

/**
 * The group `attestation`: PEM, DER and key containers are told apart by their content, a list of octets is taken as it is.
 * @throws MatterError `FACTORY_DATA_FILE`
 */
export async function readAttestation(
  reader: ExtendedReader,
  data: FactoryDataBuilder,
  files: AttestationFiles,
): Promise<void> {
  const load = async (member: string, field: OctetsField): Promise<Uint8Array | undefined> => {
    const value = reader.binary(`attestation.${member}`, field)
    const octets = await resolve(value, files)
    return octets === undefined || isVerbatim(value) ? octets : derOf(octets, member)
  }
  data.certificationDeclaration = await load('certificationDeclaration', 'certificationDeclaration')
  data.firmwareInformation = await load('firmwareInformation', 'firmwareInformation')
  data.dacCertificate = await load('dac', 'dacCertificate')
  data.paiCertificate = await load('pai', 'paiCertificate')
  const keyValue = reader.binary('attestation.privateKey', 'dacPrivateKey')
  const key = await resolve(keyValue, files)
  if (key !== undefined) {
    data.dacPrivateKey = isVerbatim(keyValue)
      ? new Secret(Uint8Array.from(key))
      : scalarOf(key, files.keyPassphrase)
  }
  data.dacPublicKey = await readPublicKey(reader, data.dacPrivateKey, files)
}

/** Octets, `derive`, or `none`; derived from the private key unless given. */
async function readPublicKey(
  reader: ExtendedReader,
  privateKey: Secret | undefined,
  files: AttestationFiles,
): Promise<Uint8Array | undefined> {
  const path = 'attestation.publicKey'
  if (reader.isWord(path, 'none', undefined)) return undefined
  const isGiven = !reader.isWord(path, 'derive', 'dacPublicKey') && reader.has(path)
  if (isGiven) return resolve(reader.binary(path, 'dacPublicKey'), files)
  const point = privateKey === undefined ? undefined : pointOf(privateKey)
  if (point !== undefined) reader.present.add('dacPublicKey')
  return point
}

/** A file that is named, or the octets themselves. */
async function resolve(
  value: BinaryValue | undefined,
  { readFile }: AttestationFiles,
): Promise<Uint8Array | undefined> {
  if (value === undefined || 'octets' in value) return value?.octets
  try {
    return await readFile(value.file)
  } catch (cause) {
    const message = `${value.file}, which the document names, cannot be read`
    throw new MatterError('FACTORY_DATA_FILE', message, { cause })
  }
}

function isVerbatim(value: BinaryValue | undefined): boolean {
  return value !== undefined && 'octets' in value && value.isVerbatim
}

const pemBegin = '-----BEGIN '

/** DER, or the first certificate of a PEM text. */
function derOf(octets: Uint8Array, member: string): Uint8Array {
  if (!isPem(octets)) return octets
  try {
    return pemDecode(latin1(octets), 'CERTIFICATE')
  } catch (cause) {
    const message = `attestation.${member} is PEM, but not of a certificate`
    throw new MatterError('FACTORY_DATA_FILE', message, { cause })
  }
}

/** True for octets that are taken for a PEM text. */
export function isPem(octets: Uint8Array): boolean {
  return latin1(octets.subarray(0, pemBegin.length)) === pemBegin
}

function latin1(octets: Uint8Array): string {
  return Array.from(octets, (octet) => String.fromCharCode(octet)).join('')
}

/** SEC1, PKCS#8 (PEM or DER) or the scalar itself; anything shorter is left for FD-037. */
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
