import { concat, systemRandom } from '@keyline/bytes'
import { p256FromScalar, signP256, type P256KeyPair } from '@keyline/crypto'
import {
  encodeAttestationElements,
  type AttestationInput,
  type BasicInformation,
  type FactoryData,
} from '@keyline/matter'
import { CliError } from '../errors.ts'
import { readFactoryData } from './factory-data-input.ts'
import { readCertificate, readDerInput, readOctetsInput } from './pki-input.ts'
import { readKeyPair } from './pki-trust.ts'
import { readPassphrase } from './pki.ts'

/** Where the credentials of a device and its answer are. */
export interface DeviceFiles {
  readonly image?: string | undefined
  readonly dac?: string | undefined
  readonly pai?: string | undefined
  readonly cd?: string | undefined
  readonly key?: string | undefined
  /** Opens the key; an open one does not ask for it. */
  readonly passphraseFile?: string | undefined
  readonly elements?: string | undefined
  readonly signature?: string | undefined
  readonly nonce?: string | undefined
  readonly challenge?: string | undefined
  readonly vendorId?: number | undefined
  readonly productId?: number | undefined
}

type DeviceAnswer = Pick<AttestationInput, 'elements' | 'signature' | 'nonce' | 'challenge'>

/** A device as a commissioner meets it. */
export interface DeviceToVerify {
  /** X.509 DER; empty where there is none. */
  readonly dac: Uint8Array
  readonly pai: Uint8Array
  /** CMS in DER. */
  readonly certificationDeclaration: Uint8Array
  readonly basicInformation: BasicInformation
  /** A recorded answer, or one made with the private key; undefined without both. */
  readonly answer: DeviceAnswer | undefined
  readonly answerIs: 'recorded' | 'made' | 'missing'
}

/**
 * Reads a device from a factory data file, from files for each credential, or both: a single file wins.
 * @throws CliError `CLI_FILE`, `CLI_INPUT`, `CLI_USAGE`
 */
export async function readDevice(files: DeviceFiles): Promise<DeviceToVerify> {
  const data = files.image === undefined ? {} : await factoryDataOf(files.image)
  const none = new Uint8Array()
  const dac = files.dac === undefined ? data.dacCertificate : await readCertificate(files.dac)
  const pai = files.pai === undefined ? data.paiCertificate : await readCertificate(files.pai)
  const recorded = await recordedAnswer(files)
  const certificationDeclaration =
    files.cd === undefined
      ? (data.certificationDeclaration ?? none)
      : await readDerInput(files.cd, 'declaration', 'CMS')
  const vendorId = files.vendorId ?? data.vendorId
  const productId = files.productId ?? data.productId
  if (vendorId === undefined || productId === undefined) {
    throw new CliError('CLI_USAGE', 'vendor and product id of the device are not known', {
      remedy: 'name them with --vid and --pid, or a factory data file with --image',
    })
  }
  const made =
    recorded === undefined
      ? madeAnswer(await privateKey(), certificationDeclaration, data.firmwareInformation)
      : undefined
  return {
    dac: dac ?? none,
    pai: pai ?? none,
    certificationDeclaration,
    basicInformation: { vendorId, productId },
    answer: recorded ?? made,
    answerIs: recorded !== undefined ? 'recorded' : made !== undefined ? 'made' : 'missing',
  }

  async function privateKey(): Promise<P256KeyPair | undefined> {
    const { key, passphraseFile } = files
    if (key !== undefined) {
      const passphrase =
        passphraseFile === undefined ? undefined : await readPassphrase(passphraseFile)
      return readKeyPair(key, passphrase).finally(() => passphrase?.wipe())
    }
    const scalar = data.dacPrivateKey
    if (scalar === undefined) return undefined
    try {
      return p256FromScalar(scalar.reveal())
    } catch (cause) {
      throw new CliError('CLI_INPUT', `${files.image}: the private key is no scalar of P-256`, {
        cause,
      })
    }
  }
}

/** What can be read counts: whatever else is wrong with the file is told by `keyline factory-data check`. */
async function factoryDataOf(path: string): Promise<FactoryData> {
  const options = {
    mode: 'reconfigure',
    keyStorage: 'flash',
    legacy: true,
    allowUnknown: true,
  } as const
  return (await readFactoryData(path, options)).read.data
}

/** All four, or none. */
async function recordedAnswer(files: DeviceFiles): Promise<DeviceAnswer | undefined> {
  const { elements, signature, nonce, challenge } = files
  if ([elements, signature, nonce, challenge].every((file) => file === undefined)) return undefined
  if (
    elements === undefined ||
    signature === undefined ||
    nonce === undefined ||
    challenge === undefined
  ) {
    throw new CliError(
      'CLI_USAGE',
      'an answer needs --elements, --signature, --nonce and --challenge',
    )
  }
  return {
    elements: await readOctetsInput(elements, 'text'),
    signature: await readOctetsInput(signature, 'text'),
    nonce: await readOctetsInput(nonce, 'text'),
    challenge: await readOctetsInput(challenge, 'text'),
  }
}

/** What a device with this key answers, to a nonce and in a session of this moment. */
function madeAnswer(
  key: P256KeyPair | undefined,
  certificationDeclaration: Uint8Array,
  firmwareInformation: Uint8Array | undefined,
): DeviceAnswer | undefined {
  if (key === undefined) return undefined
  const nonce = systemRandom.bytes(32)
  const challenge = systemRandom.bytes(16)
  const elements = encodeAttestationElements({
    certificationDeclaration,
    nonce,
    timestamp: 0,
    firmwareInformation,
  })
  return { nonce, challenge, elements, signature: signP256(key, concat(elements, challenge)) }
}
