import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'

/** One measured figure, next to the best that this machine could do in the same run. */
export interface Figure {
  readonly figure: string
  readonly value: number
  readonly unit: string
  /** What the bare work without us comes to, in the same unit. */
  readonly ceiling?: number | undefined
  /** How many times the ceiling's cost we have: 1 is the ceiling itself, 2 is twice as slow. */
  readonly ratio?: number | undefined
  readonly goal?: Goal | undefined
}

/** What a figure should keep: its ratio or its value is at most, at least, or exactly the limit. */
export interface Goal {
  readonly of: 'ratio' | 'value'
  readonly is: 'at most' | 'at least' | 'exactly'
  readonly limit: number
}

/** A benchmark: a name of the command line and the figures that it measures. */
export interface Benchmark {
  readonly name: string
  readonly title: string
  readonly measure: () => AsyncIterable<Figure>
}

/** Nothing when the figure has no goal. */
export function keepsGoal({ goal, ratio, value }: Figure): boolean | undefined {
  if (goal === undefined) return undefined
  const measured = goal.of === 'ratio' ? ratio : value
  if (measured === undefined) return false
  if (goal.is === 'exactly') return measured === goal.limit
  return goal.is === 'at most' ? measured <= goal.limit : measured >= goal.limit
}

/** What stands first in every output: a figure without its machine says nothing. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly node: string
  readonly openssl: string
  readonly platform: string
}

export function thisMachine(): Machine {
  const processors = cpus()
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    node: process.versions.node,
    openssl: process.versions.openssl ?? 'none',
    platform: `${process.platform} ${process.arch}`,
  }
}

/** Wall time of a warm-up and of one round, long against the clock's grain. */
const warmUpMs = 300
const roundMs = 150

/** Keeps results alive, so that no work is left out by the compiler. */
let sink: unknown

/** Operations per second of a piece of work: the median of the rounds, after a warm-up. */
export async function operationsPerSecond(work: () => unknown, rounds = 9): Promise<number> {
  await runFor(work, warmUpMs)
  const rates: number[] = []
  for (let round = 0; round < rounds; round += 1) rates.push(await runFor(work, roundMs))
  return median(rates)
}

/** What a rate is measured with. */
interface Meter {
  /** Milliseconds. */
  readonly now: () => number
  /** Belongs to each round, at its end. */
  readonly end?: (() => void) | undefined
}

const wallTime = (): number => performance.now()

/** Of this process, all threads: what the work would take on one core that it has for itself. */
const cpuTime = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

/** The work runs in batches that grow until the meter's own cost is lost in them. */
async function runFor(
  work: () => unknown,
  durationMs: number,
  meter: Meter = { now: wallTime },
): Promise<number> {
  const start = meter.now()
  let operations = 0
  let batch = 1
  let elapsedMs = 0
  while (elapsedMs < durationMs) {
    for (let count = 0; count < batch; count += 1) {
      const result = work()
      sink = result instanceof Promise ? await result : result
    }
    operations += batch
    const passedMs = meter.now() - start
    if (passedMs - elapsedMs < 1) batch *= 2
    elapsedMs = passedMs
  }
  meter.end?.()
  return (operations * 1_000) / (meter.now() - start)
}

/** Collects the young garbage of this thread, when it is called. */
function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new Error('the engine gives no garbage collector')
  return () => void collect({ type: 'minor' })
}

/** CPU time of this process, user and system, that a piece of work takes; all threads count. */
export async function cpuMilliseconds(work: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  const result = work()
  sink = result instanceof Promise ? await result : result
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

/** The median of the CPU time of several rounds, after one round of warm-up. */
export async function medianCpuMilliseconds(work: () => unknown, rounds = 5): Promise<number> {
  await cpuMilliseconds(work)
  const times: number[] = []
  for (let round = 0; round < rounds; round += 1) times.push(await cpuMilliseconds(work))
  return median(times)
}

/** CPU seconds of a process and its threads so far (`/proc` of Linux). */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // utime and stime are fields 14 and 15, in hundredths.
  return (Number(fields[11]) + Number(fields[12])) / 100
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
}

/** The last result that was measured: reading it here is what makes it count. */
export function lastResult(): unknown {
  return sink
}

/**
 * A rate against the rate of the bare work. Their rounds take turns, so that a machine that slows down
 * slows both; the ratio says how many times slower we are.
 */
export async function rateFigure(input: {
  readonly figure: string
  readonly work: () => unknown
  readonly bare: () => unknown
  readonly goal?: Goal | undefined
  readonly rounds?: number | undefined
  /** 150 unless given; work whose garbage costs more than itself needs rounds that are long against a collection. */
  readonly roundMs?: number | undefined
  /** `cpu` for work that leaves the event loop again and again: other processes take their turn there. */
  readonly time?: 'wall' | 'cpu' | undefined
  /**
   * Each round pays for the collection of its own garbage. Else a side that fills the young heap pays for the keys and
   * jobs that the other one has left there.
   */
  readonly collects?: boolean | undefined
}): Promise<Figure> {
  const { figure, work, bare, goal, rounds = 9, time = 'wall' } = input
  const durationMs = input.roundMs ?? roundMs
  const clock = time === 'cpu' ? cpuTime : wallTime
  const meter: Meter =
    input.collects === true ? { now: clock, end: garbageCollector() } : { now: clock }
  await runFor(bare, warmUpMs, meter)
  await runFor(work, warmUpMs, meter)
  const ceilings: number[] = []
  const values: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    ceilings.push(await runFor(bare, durationMs, meter))
    values.push(await runFor(work, durationMs, meter))
  }
  const ratios = values.map((value, round) => (ceilings[round] ?? 0) / value)
  return {
    figure,
    value: median(values),
    unit: 'op/s',
    ceiling: median(ceilings),
    ratio: median(ratios),
    goal,
  }
}
