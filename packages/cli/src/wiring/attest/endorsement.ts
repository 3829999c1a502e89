import { systemRandom, toHex } from '@keyline/bytes'
import { p256FromEncoded, p256ScalarOf, randomNonces, signDigest } from '@keyline/crypto'
import {
  bootComponents,
  coseAlgorithms,
  decodeToken,
  EatError,
  encodePsaCorim,
  instanceIdOf,
  signCorim,
  type PsaReferenceValue,
  type PsaTrustAnchor,
  type SoftwareComponent,
} from '@keyline/eat'
import { keyThumbprint } from '@keyline/verifier'
import { curvePublicKey } from '@keyline/crypto'
import { CliError } from '../../errors.ts'
import { placeOf, readInput } from '../pki-input.ts'
import { readOptionalPassphrase } from '../issuer-passphrase.ts'
import { readWritten } from './evidence-input.ts'
import { attesterFolder, openAttester } from './device.ts'
import { readComponents, type FirmwareOptions } from './firmware.ts'
import { readPublicKey } from './trust.ts'

/** What a CoRIM is made from. */
export interface EndorsementOptions extends FirmwareOptions {
  /** Simulated devices: their keys and their firmware. */
  readonly device?: readonly string[] | undefined
  /** Public keys of devices. */
  readonly key?: readonly string[] | undefined
  /** Tokens of devices that are known to run good firmware. */
  readonly token?: readonly string[] | undefined
  /** Of the keys and of the firmware; 32 octets. */
  readonly implementationId?: Uint8Array | undefined
  readonly instanceId?: Uint8Array | undefined
  readonly id?: string | undefined
  readonly vendor?: string | undefined
  readonly model?: string | undefined
  readonly only?: 'devices' | 'firmware' | undefined
  readonly validUntil?: Date | undefined
}

export interface MadeEndorsement {
  readonly corim: Uint8Array<ArrayBuffer>
  readonly id: string
  readonly devices: number
  readonly references: number
}

/** Makes an unsigned CoRIM of the PSA profile. @throws CliError `CLI_USAGE`, `CLI_FILE`, `CLI_INPUT` */
export async function makeEndorsement(options: EndorsementOptions): Promise<MadeEndorsement> {
  const gathered = [
    ...(await Promise.all((options.device ?? []).map(ofDevice))),
    ...(await Promise.all((options.token ?? []).map(ofToken))),
    await ofKeysAndFirmware(options),
  ]
  const { vendor, model, only } = options
  const about = { vendor, model }
  const trustAnchors =
    only === 'firmware'
      ? []
      : gathered.flatMap(({ anchors }) => anchors.map((one) => ({ ...one, ...about })))
  const referenceValues =
    only === 'devices'
      ? []
      : distinct(gathered.flatMap(({ references }) => references)).map((one) => ({
          ...one,
          ...about,
        }))
  if (trustAnchors.length === 0 && referenceValues.length === 0) {
    throw new CliError('CLI_USAGE', 'nothing is named that the CoRIM could endorse', {
      remedy: 'name it with --device, --key, --token, --firmware or --boot-record',
    })
  }
  const id = options.id ?? `keyline-${toHex(systemRandom.bytes(8))}`
  const { validUntil } = options
  const corim = encodePsaCorim({
    id,
    tagId: id,
    trustAnchors,
    referenceValues,
    ...(validUntil !== undefined && {
      validity: { notAfter: Math.trunc(validUntil.getTime() / 1000) },
    }),
  })
  return { corim, id, devices: trustAnchors.length, references: referenceValues.length }
}

/** Signs a CoRIM with a P-256 key in a file. @throws CliError `CLI_KEYS`, `CLI_FILE`, `CLI_INPUT`; EatError of the CoRIM */
export async function signEndorsement(
  corim: Uint8Array,
  options: {
    readonly key: string
    readonly name: string
    readonly passphraseFile?: string | undefined
  },
): Promise<Uint8Array<ArrayBuffer>> {
  const passphrase = await readOptionalPassphrase(options.passphraseFile)
  const pair = p256FromEncoded({ octets: await readInput(options.key, 'key'), passphrase })
  using scalar = p256ScalarOf(pair)
  const nonces = randomNonces(systemRandom)
  const signer = {
    algorithm: coseAlgorithms.ES256,
    signDigest: (digest: Uint8Array) =>
      signDigest({ curve: 'P-256', privateKey: scalar.reveal(), digest, nonces }),
  }
  const keyId = keyThumbprint(curvePublicKey('P-256', pair.publicKey.point.subarray(1)))
  return await signCorim(corim, signer, { meta: { signer: options.name }, keyId })
}

interface Gathered {
  readonly anchors: readonly PsaTrustAnchor[]
  readonly references: readonly PsaReferenceValue[]
}

async function ofDevice(device: string): Promise<Gathered> {
  const { publicKey, record } = await openAttester(attesterFolder(device))
  const { implementationId } = record
  return {
    anchors: [{ implementationId, instanceId: instanceIdOf(publicKey), publicKey }],
    references: bootComponents(record.bootRecord).map((one) => referenceOf(one, implementationId)),
  }
}

/** The firmware that a token tells of. Its signature is not looked at: the caller says that the device is good. */
async function ofToken(path: string): Promise<Gathered> {
  const message = await readWritten(path)
  if (!('octets' in message)) throw new CliError('CLI_INPUT', `${placeOf(path)} is no token`)
  try {
    const { claims } = decodeToken(message.octets)
    const { implementationId, softwareComponents } = claims
    const references = softwareComponents.map((one) => referenceOf(one, implementationId))
    return { anchors: [], references }
  } catch (cause) {
    if (!(cause instanceof EatError)) throw cause
    throw new CliError('CLI_INPUT', `${placeOf(path)} is no token: ${cause.message}`, { cause })
  }
}

async function ofKeysAndFirmware(options: EndorsementOptions): Promise<Gathered> {
  const { key: files = [], implementationId, instanceId } = options
  const components = (await readComponents(options)) ?? []
  if (files.length === 0 && components.length === 0) return { anchors: [], references: [] }
  if (implementationId?.length !== 32) {
    throw new CliError(
      'CLI_USAGE',
      'keys and firmware belong to an implementation, and none is named',
      {
        remedy:
          'name its 32 octets with --implementation-id; `keyline attest inspect` shows them in a token',
      },
    )
  }
  if (
    instanceId !== undefined &&
    (files.length !== 1 || instanceId.length !== 33 || instanceId[0] !== 1)
  ) {
    throw new CliError('CLI_USAGE', '--instance-id is that of one key: 33 octets, the first 01')
  }
  const keys = await Promise.all(files.map(readPublicKey))
  return {
    anchors: keys.map((publicKey) => ({
      implementationId,
      instanceId: instanceId ?? instanceIdOf(publicKey),
      publicKey,
    })),
    references: components.map((one) => referenceOf(one, implementationId)),
  }
}

function referenceOf(
  component: SoftwareComponent,
  implementationId: Uint8Array,
): PsaReferenceValue {
  const { measurementType: name, measurementValue: value, version, signerId } = component
  const algorithm = value.length === 32 ? 'sha-256' : value.length === 48 ? 'sha-384' : 'sha-512'
  return { implementationId, digests: [{ algorithm, value }], signerId, name, version }
}

/** Devices of one batch run the same firmware. */
function distinct(values: readonly PsaReferenceValue[]): readonly PsaReferenceValue[] {
  const seen = new Map<string, PsaReferenceValue>()
  for (const value of values) {
    const { implementationId, digests, name, version, signerId } = value
    const octets = [implementationId, signerId, ...digests.map((one) => one.value)].map(toHex)
    seen.set(JSON.stringify([name ?? null, version ?? null, octets]), value)
  }
  return [...seen.values()]
}
