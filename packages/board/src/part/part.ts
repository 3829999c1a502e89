import type { FactoryDataProfile } from '@keyline/matter'
import type { KeyStore } from '@keyline/matter/pxp'
import type { DuaKeyName } from '@keyline/psa/ccb'
import type { SystemFlashMap } from '@keyline/psa'
import type { OptionByteTable } from './option-byte.ts'

/** One flash memory of a board. Lengths in octets. */
export interface FlashGeometry {
  /** Address of the first octet. */
  readonly base: number
  /** Further addresses of the same first octet, for instance the secure alias. */
  readonly aliases: readonly number[]
  readonly size: number
  /** Erase unit. */
  readonly pageSize: number
  /** Program unit: written as a whole. */
  readonly unitSize: number
  /** `once` (the default): a unit can be written once after each erase. `nor`: bits go from 1 to 0 at any time. */
  readonly programming?: 'once' | 'nor' | undefined
}

/** Memory outside of the microcontroller: mapped for the firmware, reached over SWD with its loader alone. */
export interface ExternalMemory {
  readonly flash: FlashGeometry
  /** Name of its loader in STM32CubeProgrammer, without `.stldr`. */
  readonly loader: string
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

/** Where the secure key area of the internal flash lies. */
export interface TrustedStorageArea {
  readonly address: number
  readonly slots: number
  readonly slotSize: number
}

/** The wireless coprocessor of a part and its update service. */
export interface CoprocessorArea {
  /** Images may be given for addresses from here … */
  readonly first: number
  /** … to here: the update service itself. */
  readonly end: number
  /** First octets of the user flash that starting the stack or an upgrade destroys. */
  readonly destroys: number
  /** Version that a part from the factory holds. */
  readonly version: string
  /** Customer key slots. */
  readonly keySlots: number
}

/** The device key that the foundry leaves in a part with a Key Wrap Engine, and how firmware gets at it. */
export interface DeviceKeyArea {
  /** The key that the application attests with. */
  readonly key: DuaKeyName
  /** Where the line programs the container of the wrapped key. */
  readonly containerAddress: number
  /** Certificate parts in system flash, readable by any code. */
  readonly systemFlash: SystemFlashMap
}

/** A kind of board as data: all that differs between platforms. */
export interface Part {
  readonly platform: string
  /** What the programmer reads from the target. */
  readonly deviceId: number
  readonly deviceName: string
  /** Name of the part in its implementation id, without `STM32`. */
  readonly partName: string
  /** Where the 12 octets of the unique id stand in the system memory. */
  readonly uidAddress: number
  readonly revision: string
  readonly cpu: string
  readonly bootloaderVersion: string
  readonly boardName: string
  readonly flash: FlashGeometry
  /** Octets of one bank; page numbers of protections count inside a bank. */
  readonly bankSize: number
  readonly external?: ExternalMemory | undefined
  /** The image here is started at reset, unless option bytes name another place. */
  readonly bootAddress: number
  readonly optionBytes: OptionByteTable
  /** True where a password can open RDP level 2. */
  readonly hasRdpPassword: boolean
  /** Where the firmware looks for the factory data; `noFactoryData` where there is no Matter. */
  readonly factoryData: FactoryDataProfile
  readonly trustedStorage?: TrustedStorageArea | undefined
  readonly coprocessor?: CoprocessorArea | undefined
  readonly deviceKey?: DeviceKeyArea | undefined
  /** What a provisioning firmware offers that does not say otherwise. */
  readonly keyStores: readonly KeyStore[]
  readonly times: PartTimes
}

const kibibyte = 1024

/** The times of the real-time profile, the same for all parts. */
export const realTimes: PartTimes = {
  connectMs: 300,
  erasePageMs: 20,
  programOctetMs: 1000 / (100 * kibibyte),
  readOctetMs: 1000 / (200 * kibibyte),
  bootMs: 1200,
  keyGenerationMs: 200,
  uartOctetMs: 10_000 / 115_200,
}

/** Of a part without Matter: a region without octets, in which every record is absent. */
export const noFactoryData: FactoryDataProfile = {
  name: 'none',
  boards: [],
  factoryDataAddress: 0x0800_0000,
  size: 0,
  maxImage: 0,
  maxProvisioningImage: 0,
  credentialWindow: 0,
  eraseUnit: 0,
  programUnit: 0,
  memory: 'internal',
  tagsRead: new Set(),
}
