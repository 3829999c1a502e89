import { fromHex } from '@keyline/bytes'

/** Slots of a boot loader of the OEMiRoT family: facts that are fixed when it is compiled. */
export interface SlotLayout {
  /** Start of the image that is booted. */
  readonly primary: number
  /** Start of the image that waits to be installed. */
  readonly secondary: number
  /** Octets of each slot; the magic trailer is the last 16 octets of the secondary slot. */
  readonly size: number
  /** Where TF-M stands, the secure image that serves PSA calls; absent where the boot loader starts none. */
  readonly trustedFirmware?: { readonly address: number; readonly size: number } | undefined
}

/** Where the platform scripts put the secure image, through the secure alias. */
export const secureImageAddress = 0x0c01_8000

/** Layouts by the name that a simulated boot loader carries (provisioning-station sections 3.1 and 3.3). */
export const slotLayouts = {
  /** STM32WBA6, OEMiRoT, secondary slot in the SPI memory. */
  wba: { primary: 0x0801_e000, secondary: 0x7000_6000, size: 0x1c_6000 },
  /** STM32WBA6, OEMiRoT, without external memory. */
  'wba-internal': { primary: 0x0801_e000, secondary: 0x0810_4000, size: 0xe_0000 },
  /** STM32WBA6, OEMiRoT and TF-M. */
  'wba-tfm': {
    primary: 0x0805_8000,
    secondary: 0x7004_0000,
    size: 0x18_0000,
    trustedFirmware: { address: secureImageAddress, size: 0x4_0000 },
  },
  /** STM32U575. The place of its primary slot is not published: ours. */
  u5: { primary: 0x0801_8000, secondary: 0x0810_0000, size: 0xe_6000 },
} as const satisfies Readonly<Record<string, SlotLayout>>

export type SlotLayoutName = keyof typeof slotLayouts

export function isSlotLayoutName(text: string): text is SlotLayoutName {
  return Object.hasOwn(slotLayouts, text)
}

/** The MCUboot magic: at the end of the secondary slot it asks for the installation of the image there. */
export const magicTrailer: Uint8Array = fromHex('77c295f360d2ef7f3552500f2cb67980')
