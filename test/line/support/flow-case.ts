import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import {
  BenchScripts,
  bootSet,
  buildFirmwareImage,
  measureImage,
  parts as boardParts,
  simulatedSignerId,
  slotLayouts,
  type BenchProgrammer,
  type FirmwareBuild,
  type FirmwareKind,
} from '@keyline/board'
import { toHex, type Clock } from '@keyline/bytes'
import type { WorkOrder } from '@keyline/ledger/records'

const examples = resolve(import.meta.dirname, '../../../examples')

/** A platform with its security level, and what is built for it. */
export interface FlowCase {
  readonly name: string
  readonly platform: WorkOrder['platform']
  readonly security: WorkOrder['security']
  /** Firmware that the programmer or the scripts bring; X1 unless given. */
  readonly provisioning?: FirmwareBuild & { readonly kind?: FirmwareKind }
  readonly hasCoprocessor?: boolean
  /** Members of the order beside those of its platform. */
  readonly order?: Partial<
    Pick<
      WorkOrder,
      | 'mode'
      | 'exchange'
      | 'application'
      | 'rdp'
      | 'erase'
      | 'scripts'
      | 'secureElement'
      | 'attestation'
    >
  >
  /** Build of the application that differs from the usual one. */
  readonly application?: FirmwareBuild & {
    readonly kind?: FirmwareKind
    readonly isSigned?: boolean
  }
}

/** What boards of security 2 measure before the application of the order: boot loader and secure image. */
const trustedFirmware = bootSet({ platform: 'wba', security: 2 }).secure

/** Attestation of boards of security 2, whose reference values are those of the simulated boot. */
export const attestation: NonNullable<WorkOrder['attestation']> = {
  required: true,
  tenant: '0',
  software: [
    { type: 'BL', sha256: measured('BL', 0x0c00_6000), signer: toHex(simulatedSignerId) },
    { type: 'PRoT', sha256: measured('PRoT', 0x0c01_8000), signer: toHex(simulatedSignerId) },
    { type: 'App', version: '2.0.0', signer: toHex(simulatedSignerId) },
  ],
}

function measured(kind: 'BL' | 'PRoT', address: number): string {
  const image = trustedFirmware.find((one) => one.address === address)
  if (image === undefined) throw new Error(`nothing is installed at ${address}`)
  return toHex(measureImage(image.octets, kind).measurementValue)
}

/** Every flow of provisioning-station sections 5.2 to 5.5, with firmware that exchanges. */
export const flowCases = {
  wba0: { name: 'WBA6 security 0', platform: 'wba', security: 0 },
  wba1: { name: 'WBA6 security 1', platform: 'wba', security: 1 },
  wba2: {
    name: 'WBA6 security 2',
    platform: 'wba',
    security: 2,
    provisioning: { trustedFirmware: true },
  },
  wba2attested: {
    name: 'WBA6 security 2 with attestation',
    platform: 'wba',
    security: 2,
    provisioning: { trustedFirmware: true },
    order: { rdp: 1, attestation },
  },
  u5: { name: 'U5 security 1', platform: 'u5', security: 1 },
  wb55: { name: 'WB55 test', platform: 'wb55', security: 0 },
  wb55production: {
    name: 'WB55 production',
    platform: 'wb55',
    security: 0,
    order: { mode: 'production' },
  },
  wb55coprocessor: {
    name: 'WB55 test with coprocessor',
    platform: 'wb55',
    security: 0,
    hasCoprocessor: true,
  },
  wb55both: {
    name: 'WB55 production with coprocessor',
    platform: 'wb55',
    security: 0,
    order: { mode: 'production' },
    hasCoprocessor: true,
  },
} as const satisfies Readonly<Record<string, FlowCase>>

export const coprocessorVersion = '1.21.0'
export const applicationVersion = '2.0.0'

/** Larger than a page, small enough to cost little. */
const imageSize = 40_000

const layouts = { 'wba/1': 'wba', 'wba/2': 'wba-tfm', 'u5/1': 'u5' } as const

/** Slots of the boot loader of a case; `undefined` without one. */
export function slotsOf({ platform, security }: FlowCase) {
  const name = Object.entries(layouts).find(([key]) => key === `${platform}/${security}`)?.[1]
  return name === undefined ? undefined : slotLayouts[name]
}

/** The images of a case. */
export function imagesOf(flow: FlowCase) {
  const isSigned = slotsOf(flow) !== undefined
  const { kind = 'provisioning-X1', ...build } = flow.provisioning ?? {}
  return {
    provisioning: buildFirmwareImage({
      kind,
      name: 'provisioning',
      version: '1.0.0',
      size: imageSize,
      isSigned,
      ...build,
    }),
    application: buildFirmwareImage({
      kind: 'application',
      name: 'application',
      version: applicationVersion,
      size: imageSize,
      isSigned,
      ...flow.application,
    }),
    coprocessor: buildFirmwareImage({
      kind: 'inert',
      name: 'wireless',
      version: coprocessorVersion,
      size: imageSize,
    }),
  } as const
}

/** The platform scripts of a case, with its own provisioning firmware. */
export function scriptsOf(
  flow: FlowCase,
  programmer: BenchProgrammer,
  clock: Clock,
): BenchScripts | undefined {
  const { platform, security } = flow
  if (security === 0) return undefined
  const firmware = imagesOf(flow).provisioning
  return new BenchScripts({ programmer, clock, platform, security, firmware })
}

export interface FlowOrderOptions {
  readonly folder: string
  readonly quantity: number
  /** Certificates beyond the quantity; 4 unless given. */
  readonly spare?: number | undefined
}

/** Writes the order of a case with its images beside it. Returns its path. */
export async function writeFlowOrder(
  flow: FlowCase,
  { folder, quantity, spare = 4 }: FlowOrderOptions,
): Promise<string> {
  const text = await readFile(join(examples, 'work-order.json'), 'utf8')
  const example: unknown = JSON.parse(text)
  if (typeof example !== 'object' || example === null) throw new Error('the example is no object')
  const declaration = join(examples, 'certification-declaration.der')
  const built = imagesOf(flow)
  const image = async (kind: keyof typeof built, address: number): Promise<object> => {
    const file = join(folder, `${kind}.bin`)
    await writeFile(file, built[kind])
    return { file, sha256: hashOf(built[kind]), address }
  }
  const slot = slotsOf(flow)
  const order = {
    ...example,
    id: 'order-1',
    quantity,
    certificateLimit: quantity + spare,
    platform: flow.platform,
    security: flow.security,
    serialNumbers: { pool: 'test', pattern: 'T-{######}' },
    certificationDeclaration: { file: declaration, sha256: hashOf(await readFile(declaration)) },
    factoryDataAddress: boardParts[flow.platform].factoryData.factoryDataAddress,
    images: {
      ...(slot === undefined ? { provisioning: await image('provisioning', 0x0800_0000) } : {}),
      application: await image('application', slot?.secondary ?? 0x0800_0000),
      ...(flow.hasCoprocessor === true
        ? { coprocessor: await image('coprocessor', 0x0809_4000) }
        : {}),
    },
    ...flow.order,
  }
  const path = join(folder, 'order-1.json')
  await writeFile(path, JSON.stringify(order))
  return path
}

function hashOf(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex')
}
