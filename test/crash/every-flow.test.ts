import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isLongRun } from '../support/scale.ts'
import {
  crashAtEach,
  crashPointsOf,
  distinctPoints,
  type CrashPoint,
} from './support/crash-campaign.ts'
import { CrashBench } from './support/crash-bench.ts'
import type { FlowName } from './support/line-job.ts'

let bench: CrashBench
beforeAll(async () => {
  bench = await CrashBench.start()
})
afterAll(() => bench[Symbol.asyncDispose]())

const limitMs = 3_600_000

const flows = [
  'wba1',
  'wba2',
  'wba2attested',
  'u3',
  'u5',
  'wb55',
  'wb55production',
  'wb55coprocessor',
] as const satisfies readonly FlowName[]

/** Some of the points, spread over the whole run. */
function spread(points: readonly CrashPoint[], count: number): readonly CrashPoint[] {
  const step = points.length / Math.min(count, points.length)
  return points.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step))
}

/** In the middle of the script that erases a board, which then gives nothing to read. */
function inRegression(points: readonly CrashPoint[]): readonly CrashPoint[] {
  const start = points.findIndex(({ name }) => name === 'before regression')
  const next = points.findIndex(
    ({ name }, index) => start >= 0 && index > start && name === 'after renaming device.json',
  )
  return next < 0 ? [] : points.slice(next, next + 1)
}

describe.each(flows)('a station that is killed in the flow %s', (flow) => {
  it(
    'decides every unit in the next run',
    async () => {
      const scenario = { quantity: 1, slots: 1, flow }
      const points = await crashPointsOf(bench, scenario)
      const records = points.filter(({ name }) => name.startsWith('journal before-write')).length
      const distinct = distinctPoints(points)
      const some = [...inRegression(points), ...spread(distinct, 3)]
      const visited = isLongRun ? points : some
      process.stdout.write(
        `${flow}: ${points.length} crash points over ${records} records, killed at ${visited.length}\n`,
      )
      expect(distinct.length).toBeGreaterThanOrEqual(3 * records)
      expect(await crashAtEach(bench, scenario, visited)).toEqual([])
    },
    limitMs,
  )
})
