import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromHex } from '@keyline/bytes'
import { StationError } from '../errors.ts'
import type { DeviceKeyProgrammer } from '../port/device-key-programmer.ts'
import type { CallOptions, Probe, Programmer, Target } from '../port/programmer.ts'
import type { WirelessProgrammer } from '../port/wireless-programmer.ts'
import { maskSecrets } from './capped-output.ts'
import type { ConnectCommand } from './command.ts'
import { findLoader } from './find-programmer.ts'
import { judgeCall, type CallReport, type ErrorClass } from './judge-call.ts'
import { outputLines } from './output-lines.ts'
import { readList, type BoardList } from './read-list.ts'
import { runProcess, type ProcessEnd } from './run-process.ts'
import { inTemporaryFolder, temporaryFile } from './temporary-file.ts'
import { writeCommandLine, type StationCommand } from './write-command-line.ts'

/** Carries one call out and gives what it printed. */
export type ProgrammerCall = (
  words: readonly string[],
  limits: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
) => Promise<Pick<ProcessEnd, 'output' | 'isCut' | 'stopped' | 'reason'>>

export interface CubeProgrammerOptions {
  /** Path of STM32_Programmer_CLI; its loaders are found beside it. */
  readonly program: string
  /** Does what the program would do, for boards that are simulated in this process. */
  readonly execute?: ProgrammerCall | undefined
  /** HOTPLUG where a script has protected the board; UR unless given. */
  readonly connectMode?: 'UR' | 'HOTPLUG' | undefined
  /** Whether an address needs a loader. */
  readonly isExternal?: ((address: number) => boolean) | undefined
  /** Name or file of the loader for every external address; else the only one of the board. */
  readonly externalLoader?: string | undefined
  readonly verify?: 'full' | 'fast' | 'none' | undefined
  /** Refuses versions that were never tried. */
  readonly isProduction?: boolean | undefined
  /** Hears of probes that are not used. */
  readonly onNotice?: ((text: string) => void) | undefined
  /** Watchdogs; those of provisioning-station section 4.4 unless given. */
  readonly limitsMs?: Partial<typeof limitsMs> | undefined
}

/** What the platform flows need beyond the common acts. */
export interface CubeProgrammer extends Programmer, WirelessProgrammer, DeviceKeyProgrammer {
  /** Everything that `--list` says. */
  listAll(options?: CallOptions): Promise<BoardList>
}

const limitsMs = { list: 20_000, connect: 20_000, download: 60_000, coprocessor: 300_000 }

/** Where the 96-bit unique id stands, by device id. Source: reference manuals of the parts. */
const uidAddresses: ReadonlyMap<number, number> = new Map([
  [0x4b0, 0x0bf9_0700],
  [0x482, 0x0bfa_0700],
  [0x495, 0x1fff_7590],
  [0x454, 0x0bfa_0700],
])

/** Option bytes with which STM32WB starts its update service. Source: provisioning-station section 4.2. */
const bootToUpdateService = { nSWboot0: 0, nboot1: 1, nboot0: 1 }

/** Drives boards through STM32_Programmer_CLI. Source: provisioning-station section 4. */
export function createCubeProgrammer(options: CubeProgrammerOptions): CubeProgrammer {
  const {
    isExternal = () => false,
    verify = 'full',
    execute = startedFrom(options.program),
  } = options
  const limits = { ...limitsMs, ...options.limitsMs }
  const boards = new Map<string, string>()

  const call = (
    probe: string,
    commands: readonly StationCommand[],
    timeoutMs: number,
    { signal, underReset }: CallOptions = {},
  ): Promise<CallReport & { readonly output: string }> => {
    const mode = underReset === true ? 'HWRSTPULSE' : (options.connectMode ?? 'UR')
    const connect: ConnectCommand = { cmd: 'connect', port: 'SWD', sn: probe, mode }
    return runCall(execute, [connect, ...commands, { cmd: 'quiet' }], timeoutMs, signal)
  }
  const loader = async (probe: string, address: number): Promise<readonly StationCommand[]> => {
    if (!isExternal(address)) return []
    const wanted = { name: options.externalLoader, board: boards.get(probe) ?? '' }
    return [{ cmd: 'externalLoader', file: await findLoader(options.program, wanted) }]
  }
  const readOctets = (
    probe: string,
    address: number,
    length: number,
    callOptions?: CallOptions,
  ): Promise<Uint8Array> =>
    inTemporaryFolder(async (folder) => {
      const file = join(folder, 'read.bin')
      const upload = { cmd: 'upload', address, size: length, file } as const
      const commands = [...(await loader(probe, address)), upload]
      const { output } = await call(probe, commands, limits.download, callOptions)
      const octets = await readFile(file).catch(() => new Uint8Array())
      if (octets.length === length) return Uint8Array.from(octets)
      throw failure('incomplete', `${octets.length} of ${length} octets were read`, output)
    })
  const listAll = async ({ signal }: CallOptions = {}): Promise<BoardList> => {
    const { output } = await runProgram(execute, [{ cmd: 'list' }], limits.list, signal)
    const list = readList(output)
    if (options.isProduction === true && list.version?.startsWith('2.') !== true) {
      const version = list.version ?? 'none'
      throw new StationError('STATION_PROGRAMMER_VERSION', `the banner names version ${version}`)
    }
    for (const { serial, board } of list.probes) if (board !== null) boards.set(serial, board)
    return list
  }

  return {
    listAll,
    async list(callOptions) {
      const list = await listAll(callOptions)
      for (const serial of doubledOf(list)) {
        options.onNotice?.(`several probes have the serial number ${serial}; none of them is used`)
      }
      return probesOf(list)
    },
    async connect(probe, callOptions) {
      const display = { cmd: 'optionBytesDisplay' } as const
      const report = await call(probe, [display], limits.connect, callOptions)
      const { deviceId: id = '', deviceName = '', output } = report
      const deviceId = Number(id)
      const rdp = protectionOf(output)
      if (!/^0x[0-9a-f]{3,4}$/i.test(id) || rdp === undefined) {
        throw failure('incomplete', 'device id or read-out protection is missing', output)
      }
      const uidAddress = uidAddresses.get(deviceId)
      const uid =
        uidAddress === undefined
          ? unknownUid()
          : await readOctets(probe, uidAddress, 12, callOptions).catch((error: unknown) => {
              // The id is no part of the flash that the protection closes; whoever closes it too is still a board.
              if (rdp === 0 || !(error instanceof StationError)) throw error
              return unknownUid()
            })
      return { deviceId, deviceName, uid, rdp }
    },
    download: (probe, address, octets, callOptions) =>
      inTemporaryFolder(async (folder) => {
        const file = await temporaryFile(folder, 'image.bin', octets)
        const commands: readonly StationCommand[] = [
          ...(await loader(probe, address)),
          { cmd: 'download', file, address },
          ...verification(verify),
        ]
        await call(probe, commands, limits.download, callOptions)
      }),
    read: readOctets,
    async reset(probe, callOptions) {
      await call(probe, [{ cmd: 'reset' }], limits.connect, callOptions)
    },
    async eraseAll(probe, callOptions) {
      await call(probe, [{ cmd: 'erase', all: true }], limits.download, callOptions)
    },
    async setOptionBytes(probe, values, callOptions) {
      await call(probe, [{ cmd: 'optionBytes', values }], limits.connect, callOptions)
    },
    async startWirelessStack(probe, callOptions) {
      await call(probe, [{ cmd: 'startWirelessStack' }], limits.coprocessor, callOptions)
    },
    async upgradeCoprocessor(probe, address, file, callOptions) {
      const commands: readonly StationCommand[] = [
        { cmd: 'optionBytes', values: bootToUpdateService },
        { cmd: 'startFus' },
        { cmd: 'firmwareUpgrade', file, address },
        { cmd: 'verify' },
      ]
      await call(probe, commands, limits.coprocessor, callOptions)
    },
    exportWrappedKey: (probe, { key, service }, callOptions) =>
      inTemporaryFolder(async (folder) => {
        const output = join(folder, 'container.bin')
        const parameters = { KeyType: keyTypes[key], ...signingForApplication }
        const exported = { cmd: 'wrappedKeyExport', service, output, parameters } as const
        const report = await call(probe, [exported], limits.download, callOptions)
        const container = await readFile(output).catch(() => new Uint8Array())
        const publicKey = publicKeyIn(report.output)
        if (container.length > 0 && publicKey !== undefined) {
          return { container: Uint8Array.from(container), publicKey }
        }
        throw failure('incomplete', 'container or public key is missing', report.output)
      }),
  }
}

/** Values of `-rssekw`. Source: attestation, section 6.1. */
const keyTypes = { FU: 'eccchipfu', LU: 'eccchiplu' } as const
const signingForApplication = {
  ExportPublicKey: 'Yes',
  WrappingKeySelect: 'DHUK',
  KeyUsage: 'ECDSA_USAGE_SIGN',
  SecAttr: 'NON_SECURE',
  PrivAttr: 'PRIVILEGE',
} as const

/** `04 ‖ X ‖ Y`, as it is printed with the export. */
function publicKeyIn(output: string): Uint8Array | undefined {
  const digits = outputLines(output)
    .map((line) => /^public key\s*:\s*(04[0-9a-f]{128})$/i.exec(line)?.[1])
    .find((found) => found !== undefined)
  return digits === undefined ? undefined : fromHex(digits.toLowerCase())
}

function unknownUid(): Uint8Array {
  return new Uint8Array(12)
}

function verification(verify: 'full' | 'fast' | 'none'): readonly StationCommand[] {
  if (verify === 'none') return []
  return verify === 'fast' ? [{ cmd: 'verify', fast: true }] : [{ cmd: 'verify' }]
}

/** Probes that share a serial number cannot be told apart. Source: provisioning-station, fault F-32. */
function doubledOf({ probes }: BoardList): ReadonlySet<string> {
  const serials = probes.map(({ serial }) => serial)
  return new Set(serials.filter((serial, index) => serials.indexOf(serial) !== index))
}

function probesOf(list: BoardList): readonly Probe[] {
  const doubled = doubledOf(list)
  return list.probes
    .filter(({ serial }) => !doubled.has(serial))
    .map(({ serial, board }) => {
      const port = list.ports.find((listed) => listed.probe && listed.serial === serial)?.port
      return {
        serialNumber: serial,
        boardName: board ?? '',
        ...(port === undefined ? {} : { port }),
      }
    })
}

/** The level behind `RDP`: 0xAA is 0, 0xCC is 2, everything else protects. */
function protectionOf(output: string): Target['rdp'] | undefined {
  const value = outputLines(output)
    .map((line) => /^RDP\s*:\s*0x([0-9a-f]{1,2})\b/i.exec(line)?.[1]?.toLowerCase())
    .find((found) => found !== undefined)
  if (value === undefined) return undefined
  if (value === 'aa') return 0
  return value === 'cc' ? 2 : 1
}

async function runCall(
  execute: ProgrammerCall,
  commands: readonly StationCommand[],
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<CallReport & { readonly output: string }> {
  const end = await runProgram(execute, commands, timeoutMs, signal)
  const report = judgeCall(commands, end.output)
  if (!report.ok) {
    throw failure(
      report.error ?? 'other',
      report.errorLine ?? 'a line of success is missing',
      end.output,
    )
  }
  if (end.isCut) throw failure('incomplete', 'its output was too long to be judged', end.output)
  return { ...report, output: end.output }
}

async function runProgram(
  execute: ProgrammerCall,
  commands: readonly StationCommand[],
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<{ readonly output: string; readonly isCut: boolean }> {
  const end = await execute(writeCommandLine(commands), { timeoutMs, signal })
  if (end.stopped === undefined) return end
  throw failure(
    end.stopped === 'hung' ? 'timeout' : 'incomplete',
    `the call ${end.reason ?? 'was stopped'}`,
    end.output,
  )
}

/** Each call is a process of its own. */
function startedFrom(program: string): ProgrammerCall {
  return async (words, limits) => {
    try {
      return await runProcess({ command: [program, ...words], ...limits })
    } catch (cause) {
      if (!(cause instanceof Error && 'syscall' in cause)) throw cause
      const message = `${program} could not be started`
      throw new StationError('STATION_PROGRAMMER_MISSING', message, { cause })
    }
  }
}

/** Octets of the last words that stand in an error. */
const keptWords = 600

function failure(kind: ErrorClass, what: string, output: string): StationError {
  const words = maskSecrets(output).trim().slice(-keptWords)
  const code = kind === 'verify' ? 'STATION_VERIFY' : 'STATION_PROGRAMMER'
  return new StationError(code, `${kind}: ${maskSecrets(what)}`, {
    details: { class: kind, output: words },
  })
}
