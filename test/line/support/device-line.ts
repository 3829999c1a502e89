import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openBench, parts, type SlotFault } from '@keyline/board'
import type { Clock } from '@keyline/bytes'
import { clockOf, openStation, runDeviceOrder } from '@keyline/cli/wiring'
import {
  isForDevices,
  loadAnyOrder,
  type LoadedDeviceOrder,
  type RunSummary,
  type StationEvent,
} from '@keyline/station'
import type { LineBoards } from '../../../packages/cli/src/wiring/line-boards.ts'
import { examples, homeOf } from '../../support/line.ts'
import { freshBoards, textProgrammer } from './flow-line.ts'

export interface DeviceRunOptions {
  /** Folder that holds home, order and results. */
  readonly folder: string
  /** Members of the order in place of those of the example. */
  readonly order?: Readonly<Record<string, unknown>>
  readonly faults?: readonly SlotFault[]
  readonly resume?: boolean
  readonly signal?: AbortSignal
  readonly clock?: Clock
  /** True: the station reads the texts of the programmer, on boards in memory. */
  readonly readsTexts?: boolean
  readonly onEvent?: (event: StationEvent) => void
}

export interface DeviceRun {
  readonly summary: RunSummary
  readonly events: readonly StationEvent[]
  readonly results: string
}

/** Writes the example order for boards without Matter, with changes, its files named absolutely. Returns its path. */
export async function writeDeviceOrder(
  folder: string,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const example: unknown = JSON.parse(await readFile(join(examples, 'device-order.json'), 'utf8'))
  const changed = { ...Object(example), id: 'order-1', quantity: 1, ...changes }
  const text = JSON.stringify(changed).replaceAll(
    /"file":"([^/"][^"]*)"/g,
    (_, file: string) => `"file":"${join(examples, file)}"`,
  )
  const path = join(folder, 'order-1.json')
  await writeFile(path, text)
  return path
}

export async function loadDeviceOrder(
  folder: string,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<LoadedDeviceOrder> {
  const path = await writeDeviceOrder(folder, changes)
  const images = { application: { file: '', sha256: '', address: 0 } }
  const loaded = await loadAnyOrder(path, { id: 'unused', quantity: 1, images })
  const { prepared, findings } = loaded
  if (isForDevices(prepared)) return { prepared, findings }
  throw new TypeError('the example order is for boards without Matter')
}

/** Makes boards of the example order on the bench in the folder of the station, which outlives the run. */
export async function runDeviceLine(options: DeviceRunOptions): Promise<DeviceRun> {
  const { folder, faults, readsTexts = false } = options
  // The programs of the texts work with files, in real time.
  const clock = options.clock ?? clockOf(!readsTexts)
  const loaded = await loadDeviceOrder(folder, options.order)
  const station = await openStation({ home: homeOf(folder), policy: 'test', clock })
  const events: StationEvent[] = []
  const results = join(folder, 'results')
  try {
    const summary = await runDeviceOrder({
      station,
      loaded,
      slots: 1,
      resume: options.resume ?? false,
      results,
      clock,
      signal: options.signal ?? new AbortController().signal,
      faults,
      ...(readsTexts ? { openBoards: () => textBoards(clock) } : {}),
      onEvent: (event) => {
        events.push(event)
        options.onEvent?.(event)
      },
    })
    return { summary, events, results }
  } finally {
    await station.close()
  }
}

function textBoards(clock: Clock): Promise<LineBoards> {
  const bench = openBench({ slots: 1, clock, part: parts.u3, timing: 'none' })
  const programmer = textProgrammer(bench, clock)
  const fixture = freshBoards(bench)
  const close = (): void => bench.close()
  return Promise.resolve({
    programmer,
    ports: bench,
    fixture,
    wireless: programmer,
    deviceKeys: programmer,
    close,
  })
}
