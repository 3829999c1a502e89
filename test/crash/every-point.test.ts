import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom, uniformBelow } from '@keyline/bytes'
import { isLongRun, scaled, testSeed } from '../support/scale.ts'
import {
  crashAtEach,
  crashPointsOf,
  finish,
  inLanes,
  isJournalPoint,
} from './support/crash-campaign.ts'
import { CrashBench, type Scenario } from './support/crash-bench.ts'

let bench: CrashBench
beforeAll(async () => {
  bench = await CrashBench.start()
})
afterAll(() => bench[Symbol.asyncDispose]())

const limitMs = 900_000
const oneBoard: Scenario = { quantity: 1, slots: 1 }

/** The first board of the run: the one that stood in the slot before was taken out. */
const firstBoard = { slot: 1, board: 2 } as const

describe('a station that is killed while it makes one board', () => {
  it(
    'decides every unit in the next run, whatever the point at which it was killed',
    async () => {
      const points = await crashPointsOf(bench, oneBoard)
      const records = points.filter(({ name }) => name.startsWith('journal before-write')).length
      const visited = isLongRun ? points : points.filter(isJournalPoint)
      process.stdout.write(
        `${points.length} crash points over ${records} records, killed at ${visited.length}\n`,
      )
      expect(records).toBeGreaterThanOrEqual(27)
      expect(points[0]?.name).toBe('before renaming store.key')
      expect(visited.length).toBeGreaterThanOrEqual(3 * records)
      expect(await crashAtEach(bench, oneBoard, visited)).toEqual([])
    },
    limitMs,
  )

  it(
    'decides every unit when the next run is killed too',
    async () => {
      const random = seededRandom(`${testSeed}/twice`)
      const points = await crashPointsOf(bench, oneBoard)
      const rounds = Array.from({ length: scaled(5, 200) }, () => ({
        first: 1 + uniformBelow(random, points.length),
        second: 1 + uniformBelow(random, points.length),
      }))
      const failures: string[] = []
      await inLanes(rounds, async ({ first, second }) => {
        await using place = await bench.place(oneBoard)
        await place.runChild(first)
        await place.runChild(second, { resume: true })
        const found = [...place.violations(false), ...(await finish(place))]
        failures.push(...found.map((violation) => `${first}, then ${second}: ${violation}`))
      })
      expect(failures).toEqual([])
    },
    limitMs,
  )
})

describe('a station that is killed over a bad board', () => {
  it.each([
    { board: 'proves with another key', name: 'proof-other-key', from: 'received PROOF' },
    { board: 'restarts before COMMIT', name: 'restart-before-commit', from: 'sending PAI' },
  ] as const)(
    'loses nothing of one that $board',
    async ({ name, from }) => {
      const scenario: Scenario = { ...oneBoard, faults: [{ ...firstBoard, name }] }
      const points = await crashPointsOf(bench, scenario)
      const start = points.findIndex((point) => point.name.endsWith(from))
      const wanted = points.slice(start).filter((point) => /journal|ledger/.test(point.name))
      expect(start).toBeGreaterThan(0)
      const step = Math.ceil(wanted.length / scaled(8, wanted.length))
      const some = wanted.filter((_, index) => index % step === 0)
      expect(await crashAtEach(bench, scenario, some)).toEqual([])
    },
    limitMs,
  )
})

describe('a run after a crash', () => {
  it('leaves a board in its slot that does not answer, for the run after it', async () => {
    const scenario: Scenario = { quantity: 2, slots: 1 }
    const points = await crashPointsOf(bench, scenario)
    const committed = points.find((point) => point.name === 'received STORED')
    await using place = await bench.place(scenario)
    await place.runChild(committed?.place ?? 0)
    const { pass, quarantine } = await place.resume([{ ...firstBoard, name: 'no-target', at: 4 }])
    expect({ pass, quarantine }).toEqual({ pass: 0, quarantine: 1 })
    expect(await finish(place)).toEqual([])
  })
})
