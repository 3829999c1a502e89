import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { installTools } from '@keyline/board'
import { temporaryFolder } from '../test/support/line.ts'
import { cpuMilliseconds, median, type Benchmark, type Figure } from './framework.ts'
import type { StationJob, StationUse } from './station-process.ts'
import { makeVirtualBoards } from './station-virtual.ts'

/** Journals and boards lie in memory: what is measured is the station, not a disk. */
const place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

const most = 64

/** Slots of the fast mode, and the boards of one run there: opening ledger and journal weighs little. */
const fastSlots = 16
const fastBoards = 64
const fastRounds = 3
const campaignBoards = 1_000

async function* measure(): AsyncIterable<Figure> {
  yield* fastMode()
  const one = await stationUse(1)
  const many = await stationUse(most)
  yield* realTime(one, many)
}

/** Source: provisioning-station section 12.5. */
async function* fastMode(): AsyncIterable<Figure> {
  await virtualBoards(fastBoards)
  const times: number[] = []
  for (let round = 0; round < fastRounds; round++) {
    times.push((await cpuMilliseconds(() => virtualBoards(fastBoards))) / fastBoards)
  }
  yield {
    figure: `CPU per virtual board, ${fastSlots} slots`,
    value: median(times),
    unit: 'ms',
    goal: { of: 'value', is: 'at most', limit: 150 },
  }
  const start = performance.now()
  const cpuMs = await cpuMilliseconds(() => virtualBoards(campaignBoards))
  const figure = `${campaignBoards} virtual boards, ${fastSlots} slots`
  yield {
    figure: `wall time of ${figure}`,
    value: (performance.now() - start) / 60_000,
    unit: 'min',
    goal: { of: 'value', is: 'at most', limit: 3 },
  }
  yield { figure: `CPU time of ${figure}`, value: cpuMs / 60_000, unit: 'min' }
}

async function virtualBoards(quantity: number): Promise<void> {
  await using folder = await temporaryFolder('keyline-bench', place)
  const passed = await makeVirtualBoards({ folder: folder.path, slots: fastSlots, quantity })
  if (passed !== quantity) throw new Error(`${passed} of ${quantity} boards passed`)
}

function* realTime(one: StationUse, many: StationUse): Iterable<Figure> {
  yield {
    figure: `wall time of ${most} boards on ttys, against one`,
    value: many.wallMs / 1000,
    unit: 's',
    ceiling: one.wallMs / 1000,
    ratio: many.wallMs / one.wallMs,
    goal: { of: 'ratio', is: 'at most', limit: 1.15 },
  }
  yield {
    figure: `cores of the station process, ${most} boards`,
    value: many.cpuMs / many.wallMs,
    unit: 'cores',
    goal: { of: 'value', is: 'at most', limit: 1 },
  }
  yield {
    figure: `peak memory of the station process, ${most} boards`,
    value: many.peakMebibytes,
    unit: 'MiB',
    ceiling: one.peakMebibytes,
    ratio: many.peakMebibytes / one.peakMebibytes,
    goal: { of: 'value', is: 'at most', limit: 400 },
  }
}

/** One board in each slot in the real-time profile: boards in one process, the station in another. */
async function stationUse(slots: number): Promise<StationUse> {
  await using folder = await temporaryFolder('keyline-bench', place)
  const boards = join(folder.path, 'boards')
  const { programmer } = installTools(join(folder.path, 'tools'), boards)
  const end = await serveBoards(boards, slots)
  try {
    const use = await runStation({ boards, program: programmer, folder: folder.path, slots })
    if (use.passed === slots) return use
    throw new Error(`${use.passed} of ${slots} boards passed: ${use.troubles[0]}`)
  } finally {
    await end()
  }
}

/** `keyline-bench serve`: each board has a tty. @returns what ends it */
async function serveBoards(folder: string, slots: number): Promise<() => Promise<void>> {
  const program = resolve(import.meta.dirname, '../packages/board/bin/keyline-bench.js')
  const parts = Array.from({ length: slots }, () => 'wba').join(',')
  const args = [program, 'serve', folder, '--boards', parts, '--timing', 'real', '--seed', 'bench']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout })) if (line === 'ready') break
  return async () => {
    child.kill('SIGTERM')
    await exit
  }
}

function runStation(job: StationJob): Promise<StationUse> {
  const child = fork(resolve(import.meta.dirname, 'station-process.ts'))
  return new Promise((resolveUse, reject) => {
    child.once('message', (use: StationUse) => resolveUse(use))
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the station ended with ${code}`)))
    child.send(job)
  })
}

export const stationBenchmark: Benchmark = {
  name: 'station',
  title:
    'WBA6 security 1 with X1: simulated boards in virtual time, and 64 of them on ttys in real time',
  measure,
}
