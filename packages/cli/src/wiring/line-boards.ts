import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '@keyline/bytes'
import { BenchProgrammer, BenchScripts, openBench, parts, type SlotFault } from '@keyline/board'
import type { AnyOrder } from '@keyline/ledger/records'
import {
  createCubeProgrammer,
  createPlatformScripts,
  createSerialPorts,
  defaultLoader,
  findProgrammer,
  isExternal,
  type CubeProgrammer,
  type DeviceKeyProgrammer,
  type Fixture,
  type PlatformScripts,
  type Programmer,
  type SerialPorts,
  type WirelessProgrammer,
  type WrappedKey,
} from '@keyline/station'
import { benchFixture } from './bench-fixture.ts'
import { operatorFixture } from './operator-fixture.ts'

/** Boards with everything that works on them, as a run needs them. */
export interface LineBoards {
  readonly programmer: Programmer
  readonly ports: SerialPorts
  /** Brings the next board into a slot. */
  readonly fixture: Fixture
  readonly wireless: WirelessProgrammer
  /** For boards whose chips bring their keys. */
  readonly deviceKeys?: DeviceKeyProgrammer | undefined
  readonly scripts?: PlatformScripts | undefined
  /** Where locks of probes lie that other processes respect; absent where no other process has these boards. */
  readonly lockFolder?: string | undefined
  close(): Promise<void> | void
}

/** Every station of this computer looks into the same folder, whatever its own is. */
export const probeLockFolder = join(tmpdir(), 'keyline-locks')

export interface SimulatedBoardsOptions {
  readonly order: Pick<AnyOrder, 'platform' | 'security'>
  readonly slots: number
  readonly clock: Clock
  /** Where the boards outlive the process; in memory unless given. */
  readonly folder?: string | undefined
  readonly faults?: readonly SlotFault[] | undefined
  /** `none`: acts on the boards take no time. */
  readonly timing?: 'real' | 'none' | undefined
  readonly externalLoader?: string | undefined
}

/** Boards of a simulated bench in this process. */
export function simulatedBoards(options: SimulatedBoardsOptions): LineBoards {
  const { order, slots, clock, folder, faults, timing, externalLoader } = options
  const bench = openBench({
    slots,
    clock,
    part: parts[order.platform],
    ...(folder === undefined ? {} : { folder }),
    ...(faults === undefined ? {} : { faults }),
    ...(timing === undefined ? {} : { timing }),
  })
  const programmer = new BenchProgrammer({ bench, clock, externalLoader })
  const { platform, security } = order
  return {
    programmer,
    ports: bench,
    fixture: benchFixture(bench),
    wireless: programmer,
    deviceKeys: { exportWrappedKey: (...call) => exportSimulated(programmer, ...call) },
    ...(security === 0 || platform === 'u3'
      ? {}
      : { scripts: new BenchScripts({ programmer, clock, platform, security }) }),
    close: () => bench.close(),
  }
}

/** Signing, by the hardware key of the chip, for the non-secure application that runs privileged. */
async function exportSimulated(
  programmer: BenchProgrammer,
  ...[probe, { key }, options]: Parameters<DeviceKeyProgrammer['exportWrappedKey']>
): Promise<WrappedKey> {
  const wanted = {
    keyType: key,
    usage: 'ecdsa',
    wrappingKey: 'DHUK',
    isSecure: false,
    isPrivileged: true,
    exportPublicKey: true,
  } as const
  const { container, publicKey } = await programmer.exportWrappedKey(probe, wanted, options)
  if (publicKey === undefined)
    throw new TypeError('the service gives the public key it is asked for')
  return { container, publicKey }
}

export interface RealBoardsOptions {
  readonly platform: AnyOrder['platform']
  /** STM32CubeProgrammer: its folder or its program; searched for unless given. */
  readonly programmer?: string | undefined
  readonly externalLoader?: string | undefined
  readonly verify?: 'full' | 'fast' | 'none' | undefined
  /** Refuses versions of the programmer that were never tried. */
  readonly isProduction: boolean
  readonly scriptsFolder?: string | undefined
  readonly clock: Clock
  readonly onNotice: (text: string) => void
}

/** Boards behind probes: the programmer of ST, the ttys of this computer, a person who changes boards. */
export async function realBoards(options: RealBoardsOptions): Promise<LineBoards> {
  const { scriptsFolder, clock, onNotice } = options
  const programmer = await realProgrammer(options)
  const lockFolder = probeLockFolder
  return {
    programmer,
    ports: createSerialPorts({ clock, onAbandoned: ({ name }) => onNotice(abandoned(name)) }),
    fixture: operatorFixture({ programmer, clock, onNotice }),
    wireless: programmer,
    deviceKeys: programmer,
    ...(scriptsFolder === undefined
      ? {}
      : { scripts: createPlatformScripts({ folder: scriptsFolder, lockFolder }) }),
    lockFolder,
    close: () => undefined,
  }
}

/** The program of ST with the loaders of a platform. */
export async function realProgrammer(
  options: Omit<RealBoardsOptions, 'scriptsFolder' | 'clock'>,
): Promise<CubeProgrammer> {
  const { platform, externalLoader, verify, isProduction, onNotice } = options
  const program = await findProgrammer({
    given: options.programmer,
    platform: process.platform,
    environment: process.env,
  })
  return createCubeProgrammer({
    program,
    isExternal: (address) => isExternal(platform, address),
    externalLoader: externalLoader ?? defaultLoader(platform),
    verify,
    isProduction,
    onNotice,
  })
}

function abandoned(name: string): string {
  return `the driver of ${name} did not give its port back; unplug and replug it`
}
