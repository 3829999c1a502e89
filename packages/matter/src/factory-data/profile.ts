import { Tag } from './factory-data.ts'

/** Region of the factory data of a family of boards and what its firmware reads (1.5, 1.6). */
export interface FactoryDataProfile {
  readonly name: string
  readonly boards: readonly string[]
  /** First address of the region. */
  readonly factoryDataAddress: number
  /** Octets of the region. ST's reader never uses the last one. */
  readonly size: number
  /** Octets of the largest image of a reconfiguration. */
  readonly maxImage: number
  /** Octets of the largest image of a provisioning run; room for the appended credentials is left. */
  readonly maxProvisioningImage: number
  /** Octets from the start of the region that the provisioning firmware looks at and writes back. */
  readonly credentialWindow: number
  readonly eraseUnit: number
  readonly programUnit: number
  readonly memory: 'internal' | 'external'
  /** Tags that the firmware reads; another tag has no effect on the device. */
  readonly tagsRead: ReadonlySet<number>
}

/** Records that a provisioning run appends: DAC, PAI, both keys with their headers, and the marker. */
export const appendedCredentialsMax = 8 + 600 + (8 + 600) + (8 + 65) + (8 + 32) + 8

const tagsRead: readonly number[] = [
  Tag.certificationDeclaration,
  Tag.dacCertificate,
  Tag.paiCertificate,
  Tag.dacPublicKey,
  Tag.discriminator,
  Tag.iterations,
  Tag.salt,
  Tag.verifier,
  Tag.passcode,
  Tag.vendorName,
  Tag.vendorId,
  Tag.productName,
  Tag.productId,
  Tag.serialNumber,
  Tag.hardwareVersion,
]

const internalFlash = {
  factoryDataAddress: 0x081e_c000,
  size: 61_440,
  maxImage: 61_439,
  maxProvisioningImage: 61_439 - appendedCredentialsMax,
  credentialWindow: 61_440,
  eraseUnit: 8192,
  programUnit: 16,
  memory: 'internal',
} as const

const wba: FactoryDataProfile = {
  name: 'wba',
  boards: ['STM32WBA65I-DK1', 'NUCLEO-WBA65RI'],
  ...internalFlash,
  tagsRead: new Set(tagsRead),
}

const wb55: FactoryDataProfile = {
  name: 'wb55',
  boards: ['STM32WB5MM-DK'],
  factoryDataAddress: 0x901c_0000,
  size: 65_536,
  maxImage: 65_535,
  maxProvisioningImage: 16_384 - appendedCredentialsMax,
  credentialWindow: 16_384,
  eraseUnit: 65_536,
  programUnit: 1,
  memory: 'external',
  tagsRead: new Set([...tagsRead, Tag.dacPrivateKey]),
}

const u5: FactoryDataProfile = {
  name: 'u5',
  boards: ['NUCLEO-U575ZI-Q'],
  ...internalFlash,
  tagsRead: new Set(tagsRead),
}

export const profiles = { wba, wb55, u5 } as const
export type ProfileName = keyof typeof profiles

export function isProfileName(text: string): text is ProfileName {
  return Object.hasOwn(profiles, text)
}
