/** One option of a part as the programmer names it. */
export interface OptionByte {
  /** Value of a part from the factory. */
  readonly initial: number
  readonly min?: number | undefined
  readonly max: number
  readonly meaning: string
}

/** Options by name, in the spelling of STM32CubeProgrammer; a name is looked up without regard to case. */
export type OptionByteTable = Readonly<Record<string, OptionByte>>

/** Values of RDP; any other value means level 1. 0x55 (level 0.5) is not modelled. */
export const rdpValue = { level0: 0xaa, level1: 0xbb, level2: 0xcc } as const

const bit = (initial: 0 | 1, meaning: string): OptionByte => ({ initial, max: 1, meaning })

const address = (initial: number, meaning: string): OptionByte => ({
  initial,
  max: 0x1ff_ffff,
  meaning,
})

/** Both options of one write-protected range of pages; start behind end protects nothing. */
export function writeProtection(
  area: '1A' | '1B' | '2A' | '2B',
  { last, suffix }: { readonly last: number; readonly suffix: 'P' | '' },
): OptionByteTable {
  return {
    [`WRP${area}_${suffix}STRT`]: {
      initial: last,
      max: last,
      meaning: `first page that range ${area} protects against writing`,
    },
    [`WRP${area}_${suffix}END`]: {
      initial: 0,
      max: last,
      meaning: `last page that range ${area} protects against writing`,
    },
  }
}

/** Options that STM32WBA6 and STM32U5 share: two banks, TrustZone, boot addresses in units of 128 octets. */
export function trustZoneOptions(lastPage: number): OptionByteTable {
  const page = (initial: number, meaning: string): OptionByte => ({
    initial,
    max: lastPage,
    meaning,
  })
  return {
    RDP: { initial: rdpValue.level0, max: 0xff, meaning: 'read-out protection' },
    TZEN: bit(0, 'TrustZone on; off again only together with a regression of RDP'),
    BOOT_LOCK: bit(0, 'boots at SECBOOTADD0 alone; cleared at RDP level 0'),
    nSWBOOT0: bit(1, 'BOOT0 from the pin (1) or from nBOOT0 (0)'),
    nBOOT0: bit(1, 'BOOT0 when nSWBOOT0 is 0'),
    SRAM2_RST: bit(1, 'SRAM2 kept over a reset'),
    NSBOOTADD0: address(0x10_0000, 'boot address without TrustZone, BOOT0 low'),
    NSBOOTADD1: address(0x17_f200, 'boot address without TrustZone, BOOT0 high'),
    SECBOOTADD0: address(0x18_0000, 'boot address with TrustZone'),
    SECWM1_PSTRT: page(0, 'first secure page of bank 1'),
    SECWM1_PEND: page(lastPage, 'last secure page of bank 1'),
    SECWM2_PSTRT: page(0, 'first secure page of bank 2'),
    SECWM2_PEND: page(lastPage, 'last secure page of bank 2'),
    HDP1EN: bit(0, 'hides the pages of bank 1 up to HDP1_PEND'),
    HDP1_PEND: page(0, 'last hidden page of bank 1'),
    HDP2EN: bit(0, 'hides the pages of bank 2 up to HDP2_PEND'),
    HDP2_PEND: page(0, 'last hidden page of bank 2'),
    ...writeProtection('1A', { last: lastPage, suffix: 'P' }),
    ...writeProtection('1B', { last: lastPage, suffix: 'P' }),
    ...writeProtection('2A', { last: lastPage, suffix: 'P' }),
    ...writeProtection('2B', { last: lastPage, suffix: 'P' }),
    UNLOCK_1A: bit(1, 'range 1A may be changed'),
    UNLOCK_1B: bit(1, 'range 1B may be changed'),
    UNLOCK_2A: bit(1, 'range 2A may be changed'),
    UNLOCK_2B: bit(1, 'range 2B may be changed'),
  }
}
