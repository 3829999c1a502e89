import type { Platform } from '../part/part-table.ts'

/** Platform scripts of X-CUBE-MATTER that are simulated, with what they leave behind (provisioning-station 5.7). */
export const scriptNames = ['regression', 'provisioning', 'SBSFU_UPDATE'] as const
export type ScriptName = (typeof scriptNames)[number]

/** Security of the folder that holds the scripts: OEMiRoT alone, or with TF-M. */
export type ScriptSecurity = 1 | 2

export interface ScriptFolder {
  /** Path inside X-CUBE-MATTER. */
  readonly path: string
  readonly platform: Platform
  readonly security: ScriptSecurity
  readonly scripts: readonly ScriptName[]
}

/** Folders of the scripts below `Projects`. */
export const scriptFolders: readonly ScriptFolder[] = [
  {
    path: 'Projects/STM32WBA65I-DK1/ROT_Provisioning_STM_Prov_OEMiRoT/OEMiROT',
    platform: 'wba',
    security: 1,
    scripts: ['regression', 'provisioning'],
  },
  {
    path: 'Projects/STM32WBA65I-DK1/ROT_Provisioning_STM_Prov_TFM/OEMiROT',
    platform: 'wba',
    security: 2,
    scripts: ['regression', 'provisioning'],
  },
  {
    path: 'Projects/NUCLEO-U575ZI-Q/ROT_Provisioning_STM_Prov_OEMiRoT/OEMiROT',
    platform: 'u5',
    security: 1,
    scripts: ['regression', 'SBSFU_UPDATE'],
  },
]

export function isScriptName(text: string): text is ScriptName {
  return scriptNames.some((name) => name === text)
}

/** Option bytes that a regression leaves: TrustZone on, no protection. */
export const regressionOptions = {
  RDP: 0xaa,
  TZEN: 1,
  BOOT_LOCK: 0,
  UNLOCK_1A: 1,
  UNLOCK_1B: 1,
  UNLOCK_2A: 1,
  UNLOCK_2B: 1,
  WRP1A_PSTRT: 0x7f,
  WRP1A_PEND: 0,
  WRP1B_PSTRT: 0x7f,
  WRP1B_PEND: 0,
  WRP2A_PSTRT: 0x7f,
  WRP2A_PEND: 0,
  WRP2B_PSTRT: 0x7f,
  WRP2B_PEND: 0,
  HDP1EN: 0,
  HDP2EN: 0,
  NSBOOTADD0: 0x10_0000,
  NSBOOTADD1: 0x17_f200,
  SECBOOTADD0: 0x18_00c0,
  nSWBOOT0: 1,
  SRAM2_RST: 0,
  SECWM1_PSTRT: 0,
  SECWM1_PEND: 0x7f,
  SECWM2_PSTRT: 0x7f,
  SECWM2_PEND: 0,
} as const

/** Option bytes that a U5 regression sets besides. */
export const bankOptions = { DBANK: 1, SWAP_BANK: 0 } as const
