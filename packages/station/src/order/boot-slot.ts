import { fromHex, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { WorkOrder } from '@keyline/ledger/records'
import { slotSizes } from '../gen-factory-data/memory-map.ts'
import type { FirmwareImage } from './prepared-order.ts'

/** The MCUboot magic, which asks the boot loader to install what stands before it. Source: provisioning-station 3.4. */
const bootMagic = fromHex('77c295f360d2ef7f3552500f2cb67980')

/** Start of the secondary slot that an application is programmed to, and the size of that slot. */
const knownSlots = {
  'wba/1': [
    [0x7000_6000, 0x1c_6000],
    [0x0810_4000, 0xe_0000],
  ],
  'wba/2': [[0x7004_0000, 0x18_0000]],
  'u5/1': [[0x0810_0000, 0xe_6000]],
} as const satisfies Readonly<Record<string, readonly (readonly [start: number, size: number])[]>>

/** A level at which a boot loader installs the application from a secondary slot. */
export function hasBootLoader({ security }: Pick<WorkOrder, 'security'>): boolean {
  return security > 0
}

/** The trailer of a slot that is known by its start. `undefined`: no boot loader, or a slot that nobody knows. */
export function magicTrailerOf(
  { platform, security }: Pick<WorkOrder, 'platform' | 'security'>,
  application: number,
): FirmwareImage | undefined {
  const slots: readonly (readonly [number, number])[] =
    Object.entries(knownSlots).find(([name]) => name === `${platform}/${security}`)?.[1] ?? []
  const size = slots.find(([start]) => start === application)?.[1]
  if (size === undefined) return undefined
  return {
    octets: bootMagic,
    sha256: toHex(sha256(bootMagic)),
    address: application + size - bootMagic.length,
  }
}

/** Whether a trailer stands at the end of a slot of a size that its platform has. */
export function isSlotEnd(
  { platform, security }: Pick<WorkOrder, 'platform' | 'security'>,
  application: number,
  trailer: number,
): boolean {
  if (platform === 'wb55' || security === 0) return false
  const sizes: readonly number[] = slotSizes[platform][security]
  return sizes.includes(trailer + bootMagic.length - application)
}
