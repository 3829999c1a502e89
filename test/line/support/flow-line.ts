import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  BenchProgrammer,
  BenchScripts,
  buildFirmwareImage,
  openBench,
  parts as boardParts,
  runProgrammer,
  slotLayouts,
  type Bench,
  type FirmwareBuild,
  type FirmwareKind,
  type SlotFault,
} from '@keyline/board'
import { BytesError, withDeadline, type Clock } from '@keyline/bytes'
import { clockOf, openStation, runOrder } from '@keyline/cli/wiring'
import type { WorkOrder } from '@keyline/ledger/records'
import {
  createCubeProgrammer,
  loadOrder,
  type Fixture,
  type JournalOptions,
  type LoadedOrder,
  type Programmer,
  type RunSummary,
  type StationEvent,
  type StationParts,
} from '@keyline/station'
import { examples, homeOf, testPki } from '../../support/line.ts'

/** A platform with its security level, and what is built for it. */
export interface FlowCase {
  readonly name: string
  readonly platform: WorkOrder['platform']
  readonly security: WorkOrder['security']
  /** Firmware that the programmer or the scripts bring; X1 unless given. */
  readonly provisioning?: FirmwareBuild & { readonly kind?: FirmwareKind }
  readonly hasCoprocessor?: boolean
  /** Members of the order beside those of its platform. */
  readonly order?: Partial<
    Pick<WorkOrder, 'mode' | 'exchange' | 'rdp' | 'erase' | 'scripts' | 'secureElement'>
  >
  /** Build of the application that differs from the usual one. */
  readonly application?: FirmwareBuild & { readonly isSigned?: boolean }
}

/** Every flow of provisioning-station sections 5.2 to 5.5, with firmware that exchanges. */
export const flowCases = {
  wba0: { name: 'WBA6 security 0', platform: 'wba', security: 0 },
  wba1: { name: 'WBA6 security 1', platform: 'wba', security: 1 },
  wba2: {
    name: 'WBA6 security 2',
    platform: 'wba',
    security: 2,
    provisioning: { trustedFirmware: true },
  },
  u5: { name: 'U5 security 1', platform: 'u5', security: 1 },
  wb55: { name: 'WB55 test', platform: 'wb55', security: 0 },
  wb55production: {
    name: 'WB55 production',
    platform: 'wb55',
    security: 0,
    order: { mode: 'production' },
  },
  wb55coprocessor: {
    name: 'WB55 test with coprocessor',
    platform: 'wb55',
    security: 0,
    hasCoprocessor: true,
  },
  wb55both: {
    name: 'WB55 production with coprocessor',
    platform: 'wb55',
    security: 0,
    order: { mode: 'production' },
    hasCoprocessor: true,
  },
} as const satisfies Readonly<Record<string, FlowCase>>

export const coprocessorVersion = '1.21.0'
export const applicationVersion = '2.0.0'

/** Larger than a page, small enough to cost little. */
const imageSize = 40_000

const layouts = { 'wba/1': 'wba', 'wba/2': 'wba-tfm', 'u5/1': 'u5' } as const

/** Slots of the boot loader of a case; `undefined` without one. */
export function slotsOf({ platform, security }: FlowCase) {
  const name = Object.entries(layouts).find(([key]) => key === `${platform}/${security}`)?.[1]
  return name === undefined ? undefined : slotLayouts[name]
}

/** The images of a case. */
export function imagesOf(flow: FlowCase) {
  const isSigned = slotsOf(flow) !== undefined
  const { kind = 'provisioning-X1', ...build } = flow.provisioning ?? {}
  return {
    provisioning: buildFirmwareImage({
      kind,
      name: 'provisioning',
      version: '1.0.0',
      size: imageSize,
      isSigned,
      ...build,
    }),
    application: buildFirmwareImage({
      kind: 'application',
      name: 'application',
      version: applicationVersion,
      size: imageSize,
      isSigned,
      ...flow.application,
    }),
    coprocessor: buildFirmwareImage({
      kind: 'inert',
      name: 'wireless',
      version: coprocessorVersion,
      size: imageSize,
    }),
  } as const
}

export interface FlowRunOptions {
  /** Folder that holds home, order and results. */
  readonly folder: string
  readonly slots?: number
  readonly quantity?: number
  readonly faults?: readonly SlotFault[]
  /** The bench of an earlier run, whose boards stand in their slots still. */
  readonly bench?: Bench
  readonly clock?: Clock
  readonly resume?: boolean
  readonly signal?: AbortSignal
  readonly timing?: 'real' | 'none'
  /** True: the station reads the texts of the programmer instead of calling the bench. */
  readonly readsTexts?: boolean
  readonly atJournalPoint?: JournalOptions['atPoint']
  readonly decorate?: (parts: StationParts) => StationParts
  readonly onEvent?: (event: StationEvent) => void
  /** Changes the order behind its rules: what a test line must not do, production lines do. */
  readonly change?: (loaded: LoadedOrder) => LoadedOrder
}

export interface FlowRun {
  readonly summary: RunSummary
  readonly events: readonly StationEvent[]
  readonly loaded: LoadedOrder
  readonly bench: Bench
  readonly programmer: BenchProgrammer
  readonly clock: Clock
  readonly results: string
}

/** Makes boards of a case on a simulated bench in this process. The bench stays open for a look at its boards. */
export async function runFlow(flow: FlowCase, options: FlowRunOptions): Promise<FlowRun> {
  const { folder, slots = 1, quantity = 1, clock = clockOf(true) } = options
  const path = await writeFlowOrder(flow, folder, quantity)
  const read = await loadOrder(path, neverDefaults)
  const loaded = options.change?.(read) ?? read
  const bench =
    options.bench ??
    openBench({
      slots,
      clock,
      part: boardParts[flow.platform],
      seed: 'flow',
      timing: options.timing ?? 'real',
      ...(options.faults === undefined ? {} : { faults: options.faults }),
    })
  const programmer = new BenchProgrammer({ bench, clock })
  const events: StationEvent[] = []
  const results = join(folder, 'results')
  const station = await openStation({ home: homeOf(folder), policy: 'test', clock })
  try {
    const summary = await runOrder({
      station,
      loaded,
      pki: await testPki(),
      slots,
      resume: options.resume ?? false,
      results,
      clock,
      signal: options.signal ?? new AbortController().signal,
      atJournalPoint: options.atJournalPoint,
      decorate: options.decorate,
      openBoards: () =>
        Promise.resolve({
          programmer: options.readsTexts === true ? textProgrammer(bench, clock) : programmer,
          ports: bench,
          fixture: freshBoards(bench),
          wireless: programmer,
          scripts: scriptsOf(flow, programmer, clock),
          close: () => undefined,
        }),
      onEvent: (event) => {
        events.push(event)
        options.onEvent?.(event)
      },
    })
    return { summary, events, loaded, bench, programmer, clock, results }
  } finally {
    await station.close()
  }
}

function scriptsOf(
  flow: FlowCase,
  programmer: BenchProgrammer,
  clock: Clock,
): BenchScripts | undefined {
  const { platform, security } = flow
  if (security === 0) return undefined
  const firmware = imagesOf(flow).provisioning
  return new BenchScripts({ programmer, clock, platform, security, firmware })
}

/** The programmer of ST with the texts of the simulated one, for boards without external memory. */
function textProgrammer(bench: Bench, clock: Clock): Programmer {
  return createCubeProgrammer({
    program: 'STM32_Programmer_CLI',
    execute: async (words, { timeoutMs, signal }) => {
      let output = ''
      const call = withDeadline({ clock, ms: timeoutMs, what: 'the call', signal }, (inner) =>
        runProgrammer({
          bench,
          clock,
          argv: words,
          write: (text) => {
            output += text
          },
          readFile: async (path) => Uint8Array.from(await readFile(path)),
          writeFile: (path, octets) => writeFile(path, octets, { mode: 0o600 }),
          signal: inner,
        }),
      )
      const hung = await call.then(
        () => false,
        (error: unknown) => {
          if (error instanceof BytesError && error.code === 'DEADLINE_PASSED') return true
          throw error
        },
      )
      return { output, isCut: false, ...(hung ? { stopped: 'hung', reason: 'hung' } : {}) } as const
    },
  })
}

/** A person who puts a fresh board into the slot, where a probe is. */
function freshBoards(bench: Bench): Fixture {
  return {
    nextBoard: async (probe) => {
      const connected = await bench.list()
      if (!connected.some(({ serialNumber }) => serialNumber === probe)) return false
      bench.insertFreshBoard(bench.slotNumberOf(probe))
      return true
    },
  }
}

const neverDefaults = {
  id: 'unused',
  quantity: 1,
  images: {
    provisioning: { file: '', sha256: '', address: 0 },
    application: { file: '', sha256: '', address: 0 },
  },
}

async function writeFlowOrder(flow: FlowCase, folder: string, quantity: number): Promise<string> {
  const text = await readFile(join(examples, 'work-order.json'), 'utf8')
  const example: unknown = JSON.parse(text)
  if (typeof example !== 'object' || example === null) throw new Error('the example is no object')
  const declaration = join(examples, 'certification-declaration.der')
  const built = imagesOf(flow)
  const image = async (kind: keyof typeof built, address: number): Promise<object> => {
    const file = join(folder, `${kind}.bin`)
    await writeFile(file, built[kind])
    return { file, sha256: hashOf(built[kind]), address }
  }
  const slot = slotsOf(flow)
  const order = {
    ...example,
    id: 'order-1',
    quantity,
    certificateLimit: quantity + 4,
    platform: flow.platform,
    security: flow.security,
    serialNumbers: { pool: 'test', pattern: 'T-{######}' },
    certificationDeclaration: { file: declaration, sha256: hashOf(await readFile(declaration)) },
    factoryDataAddress: boardParts[flow.platform].factoryData.factoryDataAddress,
    images: {
      ...(slot === undefined ? { provisioning: await image('provisioning', 0x0800_0000) } : {}),
      application: await image('application', slot?.secondary ?? 0x0800_0000),
      ...(flow.hasCoprocessor === true
        ? { coprocessor: await image('coprocessor', 0x0809_4000) }
        : {}),
    },
    ...flow.order,
  }
  const path = join(folder, 'order-1.json')
  await writeFile(path, JSON.stringify(order))
  return path
}

function hashOf(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex')
}
