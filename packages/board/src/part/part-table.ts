import { profiles } from '@keyline/matter'
import { systemFlashMaps } from '@keyline/psa'
import { trustZoneOptions, rdpValue, writeProtection } from './option-byte.ts'
import { isPlatform, type Platform } from './platform.ts'
import {
  noFactoryData,
  realTimes,
  type FlashGeometry,
  type Part,
  type TrustedStorageArea,
} from './part.ts'

const kibibyte = 1024

const dualBank: FlashGeometry = {
  base: 0x0800_0000,
  aliases: [0x0c00_0000],
  size: 2048 * kibibyte,
  pageSize: 8 * kibibyte,
  unitSize: 16,
}

const trustedStorage: TrustedStorageArea = { address: 0x081e_a000, slots: 16, slotSize: 0x200 }

/** STM32WBA65I-DK1. Its firmware keeps the key in the factory data unless the build says otherwise. */
export const stm32wba65: Part = {
  platform: 'wba',
  deviceId: 0x4b0,
  deviceName: 'STM32WBA6x',
  partName: 'WBA65',
  uidAddress: 0x0bf9_0700,
  revision: 'Rev A',
  cpu: 'Cortex-M33',
  bootloaderVersion: '0xB0',
  boardName: 'STM32WBA65I-DK1',
  flash: dualBank,
  bankSize: 1024 * kibibyte,
  external: {
    flash: {
      base: 0x7000_0000,
      aliases: [],
      size: 4096 * kibibyte,
      pageSize: 64 * kibibyte,
      unitSize: 1,
      programming: 'nor',
    },
    loader: 'M95P32_STM32WBA65I-DK1',
  },
  bootAddress: 0x0800_0000,
  optionBytes: trustZoneOptions(0x7f),
  hasRdpPassword: true,
  factoryData: profiles.wba,
  trustedStorage,
  keyStores: ['flash'],
  times: realTimes,
}

/** NUCLEO-U575ZI-Q. */
export const stm32u575: Part = {
  platform: 'u5',
  deviceId: 0x482,
  deviceName: 'STM32U575/STM32U585',
  partName: 'U575',
  uidAddress: 0x0bfa_0700,
  revision: 'Rev X',
  cpu: 'Cortex-M33',
  bootloaderVersion: '0x92',
  boardName: 'NUCLEO-U575ZI-Q',
  flash: dualBank,
  bankSize: 1024 * kibibyte,
  bootAddress: 0x0800_0000,
  optionBytes: {
    ...trustZoneOptions(0x7f),
    DBANK: { initial: 1, max: 1, meaning: 'two banks' },
    SWAP_BANK: { initial: 0, max: 0, meaning: 'banks exchanged; not modelled, stays 0' },
  },
  hasRdpPassword: true,
  factoryData: profiles.u5,
  trustedStorage,
  keyStores: ['flash'],
  times: realTimes,
}

/** STM32WB5MM-DK: application core with a wireless coprocessor that keeps customer keys. */
export const stm32wb55: Part = {
  platform: 'wb55',
  deviceId: 0x495,
  deviceName: 'STM32WB5x/35xx',
  partName: 'WB55',
  uidAddress: 0x1fff_7590,
  revision: 'Rev Y',
  cpu: 'Cortex-M4',
  bootloaderVersion: '0xD5',
  boardName: 'STM32WB5MM-DK',
  flash: {
    base: 0x0800_0000,
    aliases: [],
    size: 1024 * kibibyte,
    pageSize: 4 * kibibyte,
    unitSize: 8,
  },
  bankSize: 1024 * kibibyte,
  external: {
    flash: {
      base: 0x9000_0000,
      aliases: [],
      size: 16_384 * kibibyte,
      pageSize: 64 * kibibyte,
      unitSize: 1,
      programming: 'nor',
    },
    loader: 'S25FL128S_STM32WB5MM-DK',
  },
  bootAddress: 0x0800_0000,
  optionBytes: {
    RDP: { initial: rdpValue.level0, max: 0xff, meaning: 'read-out protection' },
    nSWBOOT0: { initial: 1, max: 1, meaning: 'BOOT0 from the pin (1) or from nBOOT0 (0)' },
    nBOOT1: { initial: 1, max: 1, meaning: 'with BOOT0 high: system memory (1) or SRAM (0)' },
    nBOOT0: { initial: 1, max: 1, meaning: 'BOOT0 when nSWBOOT0 is 0: low (1) or high (0)' },
    ...writeProtection('1A', { last: 0xff, suffix: '' }),
    ...writeProtection('1B', { last: 0xff, suffix: '' }),
  },
  hasRdpPassword: false,
  factoryData: profiles.wb55,
  coprocessor: {
    first: 0x0809_4000,
    end: 0x080e_c000,
    destroys: 4 * 4 * kibibyte,
    version: '1.19.0',
    keySlots: 3,
  },
  keyStores: ['flash', 'cks'],
  times: realTimes,
}

/**
 * NUCLEO-U385RG-Q, which has no Matter: a device key of the foundry, wrapped for the Key Wrap Engine. Flash geometry,
 * device id and the addresses of system flash are those of the part; ours are the option bytes (those of STM32U5 for
 * its number of pages), revision and boot loader version, and the two areas at the end of the flash.
 */
export const stm32u385: Part = {
  platform: 'u3',
  deviceId: 0x454,
  deviceName: 'STM32U375/STM32U385',
  partName: 'U385',
  uidAddress: systemFlashMaps.STM32U3.uid,
  revision: 'Rev A',
  cpu: 'Cortex-M33',
  bootloaderVersion: '0x90',
  boardName: 'NUCLEO-U385RG-Q',
  flash: {
    base: 0x0800_0000,
    aliases: [0x0c00_0000],
    size: 1024 * kibibyte,
    pageSize: 4 * kibibyte,
    unitSize: 8,
  },
  bankSize: 512 * kibibyte,
  bootAddress: 0x0800_0000,
  optionBytes: trustZoneOptions(0x7f),
  hasRdpPassword: true,
  factoryData: noFactoryData,
  trustedStorage: { address: 0x080f_c000, slots: 16, slotSize: 0x200 },
  deviceKey: { key: 'FU', containerAddress: 0x080f_f000, systemFlash: systemFlashMaps.STM32U3 },
  keyStores: [],
  times: realTimes,
}

/** The parts by platform, as `--profile` names them. */
export const parts = {
  wba: stm32wba65,
  u5: stm32u575,
  wb55: stm32wb55,
  u3: stm32u385,
} as const satisfies Readonly<Record<Platform, Part>>

export { isPlatform, type Platform }
