import { isExternal, memoryMaps } from './memory-map.ts'
import type { RunOptions } from './run-options.ts'

/** What is written to the flash of a board. */
export type ProgramPart = 'factory-data' | 'provisioning-firmware' | 'application' | 'magic-trailer'

export type ScriptName = 'regression' | 'provisioning' | 'SBSFU_UPDATE'

/** One act on a board, as the plan names it. Source: provisioning-station section 5. */
export type Operation =
  | { readonly op: 'check-port'; readonly port: string }
  | { readonly op: 'build-image' }
  | { readonly op: 'erase' }
  | { readonly op: 'run-script'; readonly script: ScriptName; readonly args: readonly string[] }
  | { readonly op: 'coprocessor-start' }
  | { readonly op: 'coprocessor-upgrade'; readonly address: number; readonly file: string }
  | {
      readonly op: 'coprocessor-option-bytes'
      readonly values: Readonly<Record<string, number>>
    }
  | {
      readonly op: 'program'
      readonly what: ProgramPart
      readonly address: number
      /** The factory data have none: they are made for each board. */
      readonly file?: string
      /** Only where the name follows from options or profile. */
      readonly externalLoader?: string
    }
  | { readonly op: 'reset' }
  | { readonly op: 'provision'; readonly port: string; readonly mode?: 0 | 1 }
  | { readonly op: 'protect'; readonly rdp: 1 | 2 }

/** A board as the programmer lists it. */
export interface PlanBoard {
  readonly serial: string
  /** Name of its serial port; null where the probe has none. */
  readonly port: string | null
  readonly name: string | null
}

/** Option bytes that give the boot back to the application after the update service. */
const bootFromFlash = { nSWboot0: 1, nboot1: 1, nboot0: 1 }

/** The hardware acts for one board, in order. The port is checked first where the flow needs it. */
export function planOf(options: RunOptions, port: string | null): readonly Operation[] {
  const isProvisioning = options.provisioning === 1
  const isSecure = isProvisioning && options.security !== undefined && options.security > 0
  return [
    ...(isProvisioning && port !== null ? [{ op: 'check-port', port } as const] : []),
    { op: 'build-image' },
    ...(options.erase ? [{ op: 'erase' } as const] : []),
    ...coprocessor(options),
    ...(isSecure ? scripts(options) : []),
    program(options, 'factory-data', options.flashAddr),
    ...(isSecure ? [] : firmware(options, 'provisioning-firmware', options.files.provisioning)),
    ...(isProvisioning ? [{ op: 'reset' } as const] : []),
    ...(isProvisioning && port !== null ? [provision(options, port)] : []),
    ...firmware(options, 'application', options.files.application),
    ...(isSecure ? trailer(options) : []),
    { op: 'reset' },
    ...(options.rdp === 0 ? [] : [{ op: 'protect', rdp: options.rdp } as const]),
  ]
}

function coprocessor({ files, coFwAddr }: RunOptions): readonly Operation[] {
  if (files.coprocessor === undefined || coFwAddr === undefined) return []
  return [
    { op: 'coprocessor-start' },
    { op: 'coprocessor-upgrade', address: coFwAddr, file: files.coprocessor },
    { op: 'coprocessor-option-bytes', values: bootFromFlash },
  ]
}

function scripts({ platform, regression }: RunOptions): readonly Operation[] {
  const second = platform === 'u5' ? 'SBSFU_UPDATE' : 'provisioning'
  const names: readonly ScriptName[] = regression ? ['regression', second] : [second]
  return names.map((script) => ({ op: 'run-script', script, args: ['AUTO'] }))
}

function firmware(
  options: RunOptions,
  what: ProgramPart,
  file: string | undefined,
): readonly Operation[] {
  const { appFwAddr } = options
  if (file === undefined || appFwAddr === undefined) return []
  return [program(options, what, appFwAddr, file)]
}

function trailer(options: RunOptions): readonly Operation[] {
  const { magicTrailerAddr, files } = options
  if (magicTrailerAddr === undefined || files.magicTrailer === undefined) return []
  return [program(options, 'magic-trailer', magicTrailerAddr, files.magicTrailer)]
}

function program(
  options: RunOptions,
  what: ProgramPart,
  address: number,
  file?: string,
): Operation {
  const loader = options.externalLoader ?? memoryMaps[options.profile].loader
  return {
    op: 'program',
    what,
    address,
    ...(file === undefined ? {} : { file }),
    ...(loader === undefined || !isExternal(options.profile, address)
      ? {}
      : { externalLoader: loader }),
  }
}

/** The manager is told the mode on STM32WB55 alone. Source: provisioning-station section 5.5. */
function provision({ mode, security }: RunOptions, port: string): Operation {
  if (security !== undefined || mode === undefined) return { op: 'provision', port }
  return { op: 'provision', port, mode: mode === 'production' ? 1 : 0 }
}
