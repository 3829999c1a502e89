import { dirname, resolve } from 'node:path'
import { hasErrors, isKeylineError, parseJson, type Finding } from '@keyline/bytes'
import { DeviceOrder } from '@keyline/ledger/records'
import { RefusedInput } from '../errors.ts'
import { isInMemory } from '../gen-factory-data/memory-map.ts'
import { checkAttestation } from './check-attestation.ts'
import { checkSerialNumbers } from './check-order.ts'
import { loadOrder, type LoadedOrder } from './load-order.ts'
import { readAuthorities, readHashed, readText, schemaFindings } from './order-files.ts'
import { orderFinding } from './order-rules.ts'
import type { PreparedDeviceOrder } from './prepared-order.ts'
import type { StOrderDefaults } from './st-product.ts'

export interface LoadedDeviceOrder {
  readonly prepared: PreparedDeviceOrder
  readonly findings: readonly Finding[]
}

/** Octets of the container of a wrapped P-256 key (attestation 6.2). */
const containerLength = 112

/**
 * Reads an order for boards of any kind, with every file it names, and checks every rule.
 * @throws RefusedInput with all findings at once
 */
export async function loadAnyOrder(
  path: string,
  defaults: StOrderDefaults,
): Promise<LoadedOrder | LoadedDeviceOrder> {
  const document = await documentOf(path)
  const isForDevices =
    typeof document === 'object' &&
    document !== null &&
    'platform' in document &&
    document.platform === DeviceOrder.shape.platform.value
  return isForDevices ? loadDeviceOrder(path, document) : loadOrder(path, defaults)
}

/** The JSON of a file; nothing where there is none, which whoever reads it again will say. */
async function documentOf(path: string): Promise<unknown> {
  const text = await readText(path, [])
  if (text === undefined) return undefined
  try {
    return parseJson(text, 'work order')
  } catch (error) {
    if (isKeylineError(error)) return undefined
    throw error
  }
}

async function loadDeviceOrder(path: string, document: unknown): Promise<LoadedDeviceOrder> {
  const parsed = DeviceOrder.safeParse(document)
  if (!parsed.success) throw new RefusedInput(path, schemaFindings(document, parsed.error))
  const order = parsed.data
  const { application: named } = order.images
  const findings: Finding[] = [...checkSerialNumbers(order), ...checkAttestation(order)]
  const folder = dirname(resolve(path))
  const octets = await readHashed(folder, named, 'images.application', findings)
  await readHashed(folder, order.deviceKey.service, 'deviceKey.service', findings)
  const chipAuthorities = await readAuthorities(folder, order, findings)
  if (octets !== undefined) findings.push(...checkAddresses(order, octets.length))
  if (hasErrors(findings) || octets === undefined || chipAuthorities === undefined) {
    throw new RefusedInput(path, findings)
  }
  const application = { octets, sha256: named.sha256, address: named.address }
  const service = resolve(folder, order.deviceKey.service.file)
  return { prepared: { order, images: { application }, chipAuthorities, service }, findings }
}

/** Application and wrapped key lie in the flash, and not over each other. */
function checkAddresses(
  { platform, images, deviceKey }: DeviceOrder,
  length: number,
): readonly Finding[] {
  const { address } = images.application
  const { containerAddress } = deviceKey
  const findings: Finding[] = []
  const places = [
    ['images.application.address', address, length],
    ['deviceKey.containerAddress', containerAddress, containerLength],
  ] as const
  for (const [field, first, octets] of places) {
    if (isInMemory(platform, first) && isInMemory(platform, first + octets - 1)) continue
    findings.push(orderFinding('ORD-04', field, hex(first), 'lies outside the flash'))
  }
  if (address < containerAddress + containerLength && containerAddress < address + length) {
    const message = 'lies in the application'
    const place = hex(containerAddress)
    findings.push(orderFinding('ORD-04', 'deviceKey.containerAddress', place, message))
  }
  return findings
}

function hex(value: number): string {
  return `0x${value.toString(16).toUpperCase().padStart(8, '0')}`
}
