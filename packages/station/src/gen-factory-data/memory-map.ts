import type { Platform } from '@keyline/ledger/records'

/** Addresses from `first` to `last`, both inclusive. */
interface Range {
  readonly first: number
  readonly last: number
}

export interface MemoryMap {
  readonly ranges: readonly Range[]
  /** What the debug port reaches through a loader alone. */
  readonly external?: Range
  /** Loader of the external memory, where ST names one for the whole profile. */
  readonly loader?: string
}

const internalFlash: Range = { first: 0x0800_0000, last: 0x081f_ffff }
const secureAlias: Range = { first: 0x0c00_0000, last: 0x0c1f_ffff }
const spiMemory: Range = { first: 0x7000_0000, last: 0x703f_ffff }
const quadSpiMemory: Range = { first: 0x9000_0000, last: 0x90ff_ffff }

/** Source: provisioning-station sections 3.5 and 4.2. */
export const memoryMaps: Readonly<Record<Platform, MemoryMap>> = {
  wba: { ranges: [internalFlash, secureAlias, spiMemory], external: spiMemory },
  u5: { ranges: [internalFlash, secureAlias] },
  wb55: {
    ranges: [{ first: 0x0800_0000, last: 0x080f_ffff }, quadSpiMemory],
    external: { first: 0x9000_0000, last: 0xffff_ffff },
    loader: 'S25FL128S_STM32WB5MM-DK',
  },
  u3: { ranges: [{ first: 0x0800_0000, last: 0x080f_ffff }] },
}

export function isInMemory(platform: Platform, address: number): boolean {
  return memoryMaps[platform].ranges.some((range) => isIn(range, address))
}

/** Whether the debug port needs a loader for the address. */
export function isExternal(platform: Platform, address: number): boolean {
  const { external } = memoryMaps[platform]
  return external !== undefined && isIn(external, address)
}

/** The loader that ST names for every board of the platform. */
export function defaultLoader(platform: Platform): string | undefined {
  return memoryMaps[platform].loader
}

/** From the first octet of the new image to the end of the magic trailer. Source: provisioning-station section 3.5. */
export const slotSizes = {
  wba: { 1: [0x1c_6000, 0xe_0000], 2: [0x18_0000] },
  u5: { 1: [0xe_6000], 2: [] },
} as const satisfies Readonly<Record<'wba' | 'u5', Readonly<Record<1 | 2, readonly number[]>>>>

function isIn({ first, last }: Range, address: number): boolean {
  return address >= first && address <= last
}
