import { resolve } from 'node:path'
import { canonicalJson, encodeUtf8, toHex, type Finding } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { UnitSecrets, WorkOrder } from '@keyline/ledger/records'
import { profiles, type FactoryData } from '@keyline/matter'
import { checkOrder } from '../order/check-order.ts'
import type { FirmwareImage, OrderImages, PreparedOrder } from '../order/prepared-order.ts'
import type { RunOptions } from '../gen-factory-data/run-options.ts'

/** A device whose identity was made elsewhere. */
export interface GivenDevice {
  /** Its name in the ledger. */
  readonly serialNumber: string
  readonly secrets: UnitSecrets
  /** All that goes onto its board, without credentials. */
  readonly data: FactoryData
}

/**
 * The identity in a set of factory data. A device without a serial number is named after its verifier.
 * `undefined`: the set has no whole identity, its passcode included.
 */
export function givenDevice(data: FactoryData): GivenDevice | undefined {
  const { discriminator, passcode, salt, iterations, verifier } = data
  const isWhole =
    discriminator !== undefined &&
    passcode !== undefined &&
    salt !== undefined &&
    iterations !== undefined &&
    verifier !== undefined
  if (!isWhole) return undefined
  const serialNumber = data.serialNumber ?? `unnamed-${toHex(sha256(verifier)).slice(0, 16)}`
  // A unit's secrets are overwritten when it is made; those of its data may serve another copy.
  const own = { salt: Uint8Array.from(salt), verifier: Uint8Array.from(verifier) }
  return { serialNumber, secrets: { discriminator, passcode, iterations, ...own }, data }
}

export interface GivenOrderInput {
  readonly options: RunOptions
  /** One or more devices of one product. */
  readonly devices: readonly GivenDevice[]
  /** Content of the files by the name that the options give them. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Folder of the platform scripts. */
  readonly scriptsFolder?: string | undefined
}

/** A work order that a command line and factory data say together, and what its rules say of it. */
export interface GivenOrder {
  readonly prepared: PreparedOrder
  readonly findings: readonly Finding[]
}

/** Certificates for each unit: a board that restarts, or a run that is repeated, needs another one. */
const certificatesPerUnit = 10

/**
 * Makes the work order of a run of genFactoryData and checks it by the rules of work orders. The same run gives the same
 * order, so that it goes on where it was left. `undefined`: application or declaration are missing.
 */
export async function givenOrder(input: GivenOrderInput): Promise<GivenOrder | undefined> {
  const { options, devices, files, scriptsFolder } = input
  const images = imagesOf(options, files)
  const { application } = images
  const declaration = devices[0]?.data.certificationDeclaration
  if (application === undefined || declaration === undefined) return undefined
  const order = orderOf(input, { ...images, application }, declaration)
  const prepared: PreparedOrder = {
    order,
    profile: profiles[options.profile],
    declaration,
    images: { ...images, application },
    given: new Map(devices.map(({ serialNumber, data }) => [serialNumber, data])),
    ...(scriptsFolder === undefined ? {} : { scriptsFolder }),
  }
  // The rules of factory data were asked about the sets themselves.
  const findings = await checkOrder({ order, declaration: undefined, images })
  return { prepared, findings: findings.map(softened) }
}

/** The command line may name another address than the firmware of ST reads: whoever builds firmware knows. */
function softened(finding: Finding): Finding {
  const isAddressOfData = finding.rule === 'ORD-04' && finding.field === 'factoryDataAddress'
  return isAddressOfData ? { ...finding, severity: 'warning' } : finding
}

function imagesOf(
  options: RunOptions,
  content: ReadonlyMap<string, Uint8Array>,
): { readonly [Kind in keyof OrderImages]: OrderImages[Kind] | undefined } {
  const { files, appFwAddr, coFwAddr, magicTrailerAddr, security = 0 } = options
  const image = (
    file: string | undefined,
    address: number | undefined,
  ): FirmwareImage | undefined => {
    const octets = file === undefined ? undefined : content.get(file)
    if (octets === undefined || address === undefined) return undefined
    return { octets, sha256: toHex(sha256(octets)), address }
  }
  const coprocessor = image(files.coprocessor, coFwAddr)
  const { coprocessor: file } = files
  return {
    provisioning: security === 0 ? image(files.provisioning, appFwAddr) : undefined,
    application: image(files.application, appFwAddr),
    coprocessor:
      coprocessor && file !== undefined ? { ...coprocessor, file: resolve(file) } : undefined,
    magicTrailer: security === 0 ? undefined : image(files.magicTrailer, magicTrailerAddr),
  }
}

function orderOf(
  { options, devices, scriptsFolder }: GivenOrderInput,
  images: OrderImages,
  declaration: Uint8Array,
): WorkOrder {
  const { profile, security = 0, mode, policy, flashAddr, regression, erase, rdp } = options
  const product = devices[0]?.data ?? {}
  const { provisioning, application, coprocessor, magicTrailer } = images
  const { files } = options
  const content: Omit<WorkOrder, 'id'> = {
    format: 'keyline-work-order/1',
    policy,
    platform: profile,
    security,
    quantity: devices.length,
    certificateLimit: devices.length * certificatesPerUnit,
    serialNumbers: { pool: 'given', pattern: 'given-{############}' },
    product: {
      vendorId: product.vendorId ?? 0,
      productId: product.productId ?? 0,
      vendorName: product.vendorName ?? '',
      productName: product.productName ?? '',
      hardwareVersion: product.hardwareVersion ?? 0,
      hardwareVersionString: product.hardwareVersionString ?? '',
    },
    commissioning: {
      iterations: product.iterations ?? 0,
      flow: 0,
      discovery: ['ble'],
      storePasscode: true,
    },
    certificationDeclaration: {
      file: '(in the factory data)',
      sha256: toHex(sha256(declaration)),
    },
    factoryDataAddress: flashAddr,
    images: {
      application: named(application, files.application),
      ...(provisioning && { provisioning: named(provisioning, files.provisioning) }),
      ...(coprocessor && { coprocessor: named(coprocessor, files.coprocessor) }),
      ...(magicTrailer && { magicTrailer: named(magicTrailer, files.magicTrailer) }),
    },
    ...(profile === 'wb55' && mode !== undefined && { mode }),
    ...(security > 0 && { scripts: scriptsOf(regression, scriptsFolder) }),
    ...(erase && { erase }),
    ...(rdp > 0 && { rdp }),
  }
  const names = devices.map(({ serialNumber }) => serialNumber)
  return { ...content, id: `given-${fingerprint([content, names])}` }
}

function named(
  { sha256: hash, address }: FirmwareImage,
  file = '',
): WorkOrder['images']['application'] {
  return { file, sha256: hash, address }
}

function scriptsOf(
  regression: boolean,
  folder: string | undefined,
): NonNullable<WorkOrder['scripts']> {
  return { regression, ...(folder === undefined ? {} : { folder }) }
}

function fingerprint(value: Parameters<typeof canonicalJson>[0]): string {
  return toHex(sha256(encodeUtf8(canonicalJson(value)))).slice(0, 16)
}
