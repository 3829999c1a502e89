import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  BenchProgrammer,
  openBench,
  parts as boardParts,
  runProgrammer,
  type Bench,
  type SlotFault,
} from '@keyline/board'
import { withDeadline, type Clock } from '@keyline/bytes'
import { clockOf, openStation, runOrder } from '@keyline/cli/wiring'
import {
  createCubeProgrammer,
  loadOrder,
  type CubeProgrammer,
  type Fixture,
  type JournalOptions,
  type LoadedOrder,
  type RunSummary,
  type StationEvent,
  type StationParts,
} from '@keyline/station'
import type { EndorsementStore } from '@keyline/verifier'
import { homeOf, testPki } from '../../support/line.ts'
import { scriptsOf, writeFlowOrder, type FlowCase } from './flow-case.ts'
import type { ProductionLine } from './production.ts'

export {
  applicationVersion,
  coprocessorVersion,
  flowCases,
  imagesOf,
  slotsOf,
  type FlowCase,
} from './flow-case.ts'

export interface FlowRunOptions {
  /** Folder that holds home, order and results. */
  readonly folder: string
  readonly slots?: number
  readonly quantity?: number
  readonly faults?: readonly SlotFault[]
  /** The bench of an earlier run, whose boards stand in their slots still. */
  readonly bench?: Bench
  /** Another one gives other boards. */
  readonly seed?: string
  readonly clock?: Clock
  readonly resume?: boolean
  readonly signal?: AbortSignal
  readonly timing?: 'real' | 'none'
  /** True: the station reads the texts of the programmer instead of calling the bench. */
  readonly readsTexts?: boolean
  readonly atJournalPoint?: JournalOptions['atPoint']
  readonly decorate?: (parts: StationParts) => StationParts
  readonly onEvent?: (event: StationEvent) => void
  /** Changes the order behind its rules. */
  readonly change?: (loaded: LoadedOrder) => LoadedOrder
  /** The verifier's part of a ledger. */
  readonly endorsements?: (tenant: string) => EndorsementStore
  /** Makes the boards under policy `production`. */
  readonly production?: ProductionLine
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
  const path = await writeFlowOrder(flow, { folder, quantity })
  const read = await loadOrder(path, neverDefaults)
  const { production } = options
  const loaded = options.change?.(read) ?? production?.change(read) ?? read
  const bench =
    options.bench ??
    openBench({
      slots,
      clock,
      part: boardParts[flow.platform],
      seed: options.seed ?? 'flow',
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
      pki: production?.pki ?? (await testPki()),
      slots,
      resume: options.resume ?? false,
      results,
      clock,
      signal: options.signal ?? new AbortController().signal,
      atJournalPoint: options.atJournalPoint,
      endorsements: options.endorsements,
      decorate: (parts) => {
        const changed = production?.parts(parts, station.ledger) ?? parts
        return options.decorate?.(changed) ?? changed
      },
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

/** The programmer of ST with the texts of the simulated one, for boards without external memory. */
/** The station's own programmer, whose calls the simulated tool answers with its texts. */
export function textProgrammer(bench: Bench, clock: Clock): CubeProgrammer {
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
      await call
      return { output, isCut: false, stopped: undefined, reason: undefined }
    },
  })
}

/** A person who puts a fresh board into the slot, where a probe is. */
export function freshBoards(bench: Bench): Fixture {
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
