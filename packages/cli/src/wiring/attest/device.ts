import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { encodeUtf8, Secret, systemRandom, toHex, type Random } from '@keyline/bytes'
import { curvePublicKey, hkdfSha256, type CurvePublicKey } from '@keyline/crypto'
import { simulatedImplementationId, type SoftwareComponent, type TokenProfile } from '@keyline/eat'
import {
  Algorithm,
  duaCertificateKinds,
  duaKeyIds,
  exportDuaKey,
  InitialAttestation,
  KeyType,
  KeyWrapEngine,
  Lifetime,
  manufactureChip,
  outputOf,
  parseRsseParameters,
  PsaCrypto,
  PsaStatus,
  rebuildCertificate,
  CertificateStatus,
  requireSuccess,
  saveContainer,
  simulatedAuthority,
  simulatedLifecycle,
  Usage,
  valueOf,
  type AttestationStep,
  type CertificateSource,
  type KeyAttributes,
  type RsseExport,
} from '@keyline/psa'
import { Ccb } from '@keyline/psa/ccb'
import { folderMedium, InternalTrustedStorage } from '@keyline/psa/its'
import { CliError } from '../../errors.ts'
import { readInput } from '../pki-input.ts'
import { writeWhole } from '../pki-output.ts'
import {
  attesterRecordText,
  readAttesterRecord,
  type AttesterAlgorithm,
  type AttesterKind,
  type AttesterRecord,
  type DuaKey,
} from './device-record.ts'
import { bootRecordOf } from './firmware.ts'

export interface AttesterOptions {
  readonly kind: AttesterKind
  readonly deviceKey: DuaKey
  readonly algorithm: AttesterAlgorithm
  readonly rdp: 0 | 0.5 | 1
  readonly implementationId?: Uint8Array | undefined
  readonly components: readonly SoftwareComponent[]
}

/** What a caller may ask of a token. */
export interface TokenRequest {
  readonly challenge: Uint8Array
  readonly clientId: number
  readonly profile: TokenProfile
  readonly includeCertificate?: boolean | undefined
  readonly withKeyId?: boolean | undefined
  readonly components?: readonly SoftwareComponent[] | undefined
  readonly verificationServiceIndicator?: string | undefined
  readonly onStep?: ((step: AttestationStep) => void) | undefined
}

/** A simulated device that is switched on: it has one boot seed until its process ends. */
export interface Attester {
  readonly record: AttesterRecord
  readonly attributes: KeyAttributes
  readonly publicKey: CurvePublicKey
  /** The key is in the storage of the device; else the first token imports it. */
  readonly isKeyStored: boolean
  readonly lifecycle: number
  /** Container of RSSe-KW in the flash of the application; nothing for a key that was made on the device. */
  readonly container: Uint8Array | undefined
  /** DER of the device certificate from system flash, and of its authority. */
  readonly chain: { readonly leaf: Uint8Array; readonly authority: Uint8Array } | undefined
  /** @throws PsaError `PSA_REFUSED` with what the service says of itself */
  makeToken(request: TokenRequest): Uint8Array
}

const files = { record: 'device.json', container: 'dua.bin', storage: 'its' } as const
const implementation = {
  stm32u385: { partName: 'U385', bootRomVersion: '1.0.0' },
  'tf-m': { partName: 'WBA65', bootRomVersion: '1.0.0' },
} as const
const softwareKeyId = 1
const curves = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' } as const
const bits = { ES256: 256, ES384: 384, ES512: 521 } as const
const policies = {
  ES256: Algorithm.ecdsaSha256,
  ES384: Algorithm.ecdsaSha384,
  ES512: Algorithm.ecdsaSha512,
} as const

/** Folder of `sim:FOLDER`, or of a path. */
export function attesterFolder(device: string): string {
  return resolve(device.startsWith('sim:') ? device.slice('sim:'.length) : device)
}

/**
 * Makes a simulated device in a folder that has none: chip, key, boot record. All of it or nothing.
 * @throws CliError `CLI_EXISTS`, `CLI_FILE`; PsaError `RSSE_UNAVAILABLE`
 */
export async function makeAttester(folder: string, options: AttesterOptions): Promise<Attester> {
  const taken = await readdir(folder).catch(() => [])
  if (taken.length > 0) throw new CliError('CLI_EXISTS', `${folder} is not empty`)
  const record: AttesterRecord = {
    ...options,
    rootSecret: new Secret(systemRandom.bytes(32)),
    implementationId:
      options.implementationId ?? simulatedImplementationId(implementation[options.kind]),
    bootRecord: bootRecordOf(options.components),
  }
  const beside = `${folder}.${toHex(systemRandom.bytes(8))}.part`
  try {
    await mkdir(beside, { recursive: true, mode: 0o700 })
    fillFolder(beside, record)
    const content = attesterRecordText(record)
    await writeWhole({ path: join(beside, files.record), content, isSecret: true })
    await rename(beside, folder)
  } catch (cause) {
    await rm(beside, { recursive: true, force: true })
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause
    throw new CliError('CLI_FILE', `the folder ${folder} cannot be made`, { cause })
  }
  return openAttester(folder)
}

/** The key: exported from the chip and wrapped, or made in the storage of the device. */
function fillFolder(folder: string, record: AttesterRecord): void {
  const { crypto, ccb } = silicon(folder, record)
  if (record.kind === 'stm32u385') {
    const { deviceKey: keyType, rdp } = record
    const chip = { ccb, rdp, isDebugOpen: true }
    const { container } = exportDuaKey(chip, { ...defaultExport, keyType })
    saveContainer(join(folder, files.container), container)
  } else valueOf(crypto.generateKey(attributesOf(record)), 'psa_generate_key')
}

/**
 * What ST's programmer does with `-rssekw`, into a file that is whole or not there.
 * @throws CliError `CLI_NO_ATTESTER`, `CLI_USAGE`; PsaError `PSA_PARAMETER`, `RSSE_UNAVAILABLE`
 */
export async function exportKey(
  folder: string,
  {
    path,
    parameters,
    userKey,
  }: {
    readonly path: string
    readonly parameters: readonly string[]
    readonly userKey?: Uint8Array | undefined
  },
): Promise<RsseExport> {
  const record = await recordIn(folder)
  const { ccb } = silicon(folder, record)
  const { rdp } = record
  const options = { ...parseRsseParameters(parameters), userKey }
  const exported = exportDuaKey({ ccb, rdp, isDebugOpen: true }, options)
  await writeWhole({ path, content: exported.container })
  return exported
}

const defaultExport = {
  usage: 'ecdsa',
  wrappingKey: 'DHUK',
  isSecure: false,
  isPrivileged: true,
  exportPublicKey: false,
} as const

/** Switches a device on. @throws CliError `CLI_NO_ATTESTER`, `CLI_FILE`, `CLI_INPUT`; PsaError `PSA_REFUSED` */
export async function openAttester(
  folder: string,
  random: Random = systemRandom,
): Promise<Attester> {
  const record = await recordIn(folder)
  const { kind, deviceKey, rdp } = record
  const { crypto, chip, ccb } = silicon(folder, record, random)
  const container =
    kind === 'stm32u385' ? await readInput(join(folder, files.container), 'key') : undefined
  const attributes = attributesOf(record)
  const point =
    kind === 'stm32u385'
      ? ccb.devicePublicKey(deviceKey)
      : outputOf(crypto.exportPublicKey(attributes.id), 'psa_export_public_key').subarray(1)
  const source: CertificateSource | undefined =
    kind === 'stm32u385' ? { pack: chip.pack2, kind: duaCertificateKinds[deviceKey] } : undefined
  const bootSeed = random.bytes(32)
  const lifecycle = simulatedLifecycle({ rdp })
  return {
    record,
    attributes,
    publicKey: curvePublicKey(curves[record.algorithm], point ?? new Uint8Array()),
    isKeyStored: crypto.attributes(attributes.id).status === PsaStatus.success,
    lifecycle,
    container,
    chain: source && chainOf(source, deviceKey),
    makeToken: (request) => {
      const service = new InitialAttestation({
        crypto,
        key: { attributes, data: container },
        algorithm: record.algorithm,
        platform: {
          bootSeed,
          implementationId: record.implementationId,
          securityLifecycle: lifecycle,
          bootRecord:
            request.components === undefined ? record.bootRecord : bootRecordOf(request.components),
          verificationServiceIndicator: request.verificationServiceIndicator,
        },
        profile: request.profile,
        certificate: source,
        includeCertificate: request.includeCertificate,
        withKeyId: request.withKeyId,
        onStep: request.onStep,
      })
      service.init()
      const made = service.getToken(request.challenge, request.clientId)
      const token = outputOf(made, `the attestation service (${service.diagnostic ?? ''})`)
      service.certificate()
      return token
    },
  }
}

async function recordIn(folder: string): Promise<AttesterRecord> {
  const names = await readdir(folder).catch(() => [])
  if (names.some((name) => name === files.record)) {
    return readAttesterRecord(join(folder, files.record))
  }
  throw new CliError('CLI_NO_ATTESTER', `${folder} holds no ${files.record}`)
}

function silicon(folder: string, record: AttesterRecord, random: Random = systemRandom) {
  const rootSecret = record.rootSecret.reveal()
  const chip = manufactureChip({ rootSecret })
  const state = { rdp: record.rdp, isSecure: false, isPrivileged: true }
  const ccb = new Ccb({ chip: chip.secrets, state: () => state, random })
  const storage = new InternalTrustedStorage({
    medium: folderMedium(join(folder, files.storage)),
    hardwareUniqueKey: hkdfSha256({
      secret: rootSecret,
      salt: encodeUtf8('sim-huk/1'),
      info: new Uint8Array(),
      length: 32,
    }),
    random,
  })
  const crypto = new PsaCrypto({ storage, random, drivers: [new KeyWrapEngine({ ccb, random })] })
  requireSuccess(crypto.init(), 'psa_crypto_init')
  return { chip, ccb, crypto }
}

function attributesOf({ kind, deviceKey, algorithm }: AttesterRecord): KeyAttributes {
  const signing = { type: KeyType.eccPairSecpR1, usage: Usage.signHash }
  return kind === 'stm32u385'
    ? {
        ...signing,
        bits: 256,
        lifetime: Lifetime.keyWrapEngine,
        id: duaKeyIds[deviceKey],
        algorithm: Algorithm.ecdsaSha256,
      }
    : {
        ...signing,
        bits: bits[algorithm],
        lifetime: Lifetime.persistent,
        id: softwareKeyId,
        algorithm: policies[algorithm],
      }
}

function chainOf({ pack, kind }: CertificateSource, deviceKey: DuaKey): Attester['chain'] {
  const rebuilt = rebuildCertificate(pack, kind)
  if (rebuilt.status !== CertificateStatus.ok) return undefined
  return { leaf: rebuilt.certificate, authority: simulatedAuthority(deviceKey).certificate }
}
