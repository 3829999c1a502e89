import type { Finding } from '@keyline/bytes'
import type { WorkOrder } from '@keyline/ledger/records'
import { profiles } from '@keyline/matter'
import { isInMemory } from '../gen-factory-data/memory-map.ts'
import { hasBootLoader, isSlotEnd } from './boot-slot.ts'
import { orderFinding } from './order-rules.ts'
import type { OrderImages } from './prepared-order.ts'

/** An order with its images, as far as they could be read. */
export interface ImageContent {
  readonly order: WorkOrder
  readonly images: { readonly [Kind in keyof OrderImages]: OrderImages[Kind] | undefined }
}

type ImageKind = keyof WorkOrder['images']

const kinds = ['provisioning', 'application', 'coprocessor', 'magicTrailer'] as const

/** Which images there are, where they lie, and what the members beside them demand. */
export function checkImages(content: ImageContent): readonly Finding[] {
  const { order } = content
  return [
    ...checkPresence(order),
    ...checkAddresses(content),
    ...checkTrailer(content),
    ...checkKeyPlace(order),
  ]
}

function checkPresence(order: WorkOrder): readonly Finding[] {
  const hasLoader = hasBootLoader(order)
  const isWanted: Readonly<Record<ImageKind, 'needed' | 'possible' | 'senseless'>> = {
    provisioning: hasLoader ? 'senseless' : 'needed',
    application: 'needed',
    coprocessor: order.platform === 'wb55' ? 'possible' : 'senseless',
    magicTrailer: hasLoader ? 'possible' : 'senseless',
  }
  return kinds.flatMap((kind) => {
    const isThere = order.images[kind] !== undefined
    if (isThere ? isWanted[kind] !== 'senseless' : isWanted[kind] !== 'needed') return []
    const message = isThere
      ? `has no place in the flow of ${order.platform} with security ${order.security}`
      : `is missing; ${order.platform} with security ${order.security} needs it`
    return [orderFinding('ORD-12', `images.${kind}`, '', message)]
  })
}

function checkAddresses({ order, images }: ImageContent): readonly Finding[] {
  const { platform } = order
  const findings: Finding[] = []
  const data = profiles[platform]
  if (order.factoryDataAddress !== data.factoryDataAddress) {
    const message = `the firmware of ${platform} reads ${hex(data.factoryDataAddress)}`
    const found = hex(order.factoryDataAddress)
    findings.push(orderFinding('ORD-04', 'factoryDataAddress', found, message))
  }
  for (const kind of kinds) {
    const image = images[kind]
    if (image === undefined) continue
    const { address, octets } = image
    const end = address + octets.length
    if (octets.length === 0) {
      findings.push(orderFinding('ORD-04', `images.${kind}.file`, '', 'is empty'))
      continue
    }
    const isInside = isInMemory(platform, address) && isInMemory(platform, end - 1)
    const isOverData =
      address < data.factoryDataAddress + data.size && end > data.factoryDataAddress
    if (isInside && !isOverData) continue
    const message = isOverData ? 'lies over the factory data' : 'lies outside the flash'
    const place = `${hex(address)}…${hex(end)}`
    findings.push(orderFinding('ORD-04', `images.${kind}.address`, place, message))
  }
  return findings
}

function checkTrailer({ order, images }: ImageContent): readonly Finding[] {
  const { application, magicTrailer } = images
  if (!hasBootLoader(order) || application === undefined) return []
  if (magicTrailer === undefined) {
    if (order.images.magicTrailer !== undefined) return []
    const message = 'is no slot that is known here: name images.magicTrailer'
    const place = hex(application.address)
    return [orderFinding('ORD-13', 'images.application.address', place, message)]
  }
  if (!isSlotEnd(order, application.address, magicTrailer.address)) {
    const message = `does not end a slot that begins at ${hex(application.address)}`
    const place = hex(magicTrailer.address)
    return [orderFinding('ORD-13', 'images.magicTrailer.address', place, message)]
  }
  if (application.address + application.octets.length <= magicTrailer.address) return []
  const message = 'is longer than its slot'
  return [orderFinding('ORD-13', 'images.application.file', '', message)]
}

function checkKeyPlace({ platform, policy, mode, exchange }: WorkOrder): readonly Finding[] {
  const findings: Finding[] = []
  if (mode !== undefined && platform !== 'wb55') {
    findings.push(orderFinding('ORD-14', 'mode', mode, `means nothing on ${platform}`))
  } else if (mode === 'test' && policy === 'production') {
    findings.push(orderFinding('ORD-14', 'mode', mode, 'would leave the device key readable'))
  }
  if (exchange === 'none' && policy === 'production') {
    const message = 'gives no proof of the device key'
    findings.push(orderFinding('ORD-14', 'exchange', exchange, message))
  }
  return findings
}

function hex(value: number): string {
  return `0x${value.toString(16).toUpperCase().padStart(8, '0')}`
}
