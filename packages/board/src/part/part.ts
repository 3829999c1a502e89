import { profiles, type FactoryDataProfile } from '@keyline/matter'
import type { KeyStore } from '@keyline/matter/pxp'

/** Internal flash of a part. Lengths in octets. */
export interface FlashGeometry {
  /** Address of the first octet. */
  readonly base: number
  /** Further addresses of the same first octet, for instance the secure alias. */
  readonly aliases: readonly number[]
  readonly size: number
  /** Erase unit. */
  readonly pageSize: number
  /** Program unit: written as a whole, once after each erase. */
  readonly unitSize: number
}

/** How long the acts of a part take: the real-time profile of provisioning-station section 12.1. */
export interface PartTimes {
  readonly connectMs: number
  readonly erasePageMs: number
  readonly programOctetMs: number
  readonly readOctetMs: number
  readonly bootMs: number
  readonly keyGenerationMs: number
  /** One octet with start and stop bit. */
  readonly uartOctetMs: number
}

/** A kind of board as data: all that differs between platforms. */
export interface Part {
  readonly platform: string
  /** What the programmer reads from the target. */
  readonly deviceId: number
  readonly deviceName: string
  readonly boardName: string
  readonly flash: FlashGeometry
  /** The image here is started at reset. */
  readonly bootAddress: number
  /** Where the firmware looks for the factory data. */
  readonly factoryData: FactoryDataProfile
  readonly keyStores: readonly KeyStore[]
  readonly times: PartTimes
}

const kibibyte = 1024

const realTimes: PartTimes = {
  connectMs: 300,
  erasePageMs: 20,
  programOctetMs: 1000 / (100 * kibibyte),
  readOctetMs: 1000 / (200 * kibibyte),
  bootMs: 1200,
  keyGenerationMs: 200,
  uartOctetMs: 10_000 / 115_200,
}

/** STM32WBA65I-DK1 without OEMiRoT and TF-M: security 0, the key rests in the factory data. */
export const stm32wba65: Part = {
  platform: 'wba',
  deviceId: 0x4b0,
  deviceName: 'STM32WBA6x',
  boardName: 'STM32WBA65I-DK1',
  flash: {
    base: 0x0800_0000,
    aliases: [0x0c00_0000],
    size: 2048 * kibibyte,
    pageSize: 8 * kibibyte,
    unitSize: 16,
  },
  bootAddress: 0x0800_0000,
  factoryData: profiles.wba,
  keyStores: ['flash'],
  times: realTimes,
}
