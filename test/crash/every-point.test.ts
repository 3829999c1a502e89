import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom, uniformBelow } from '@keyline/bytes'
import { scaled, testSeed } from '../support/scale.ts'
import { CrashBench, type CrashPlace, type Scenario } from './support/crash-bench.ts'
import { inLanes } from './support/lanes.ts'

let bench: CrashBench
beforeAll(async () => {
  bench = await CrashBench.start()
})
afterAll(() => bench[Symbol.asyncDispose]())

const oneBoard: Scenario = { quantity: 1, slots: 1 }

/** The first board of the run: the one that stood in the slot before was taken out. */
const firstBoard = { slot: 1, board: 2 } as const

interface Point {
  /** From 1. */
  readonly place: number
  readonly name: string
}

async function pointsOf(scenario: Scenario): Promise<readonly Point[]> {
  await using place = await bench.place(scenario)
  const { points = [] } = await place.runChild(0)
  return points.map((name, index) => ({ place: index + 1, name }))
}

/** Takes the line up until the order is made; units that failed are replaced by the next run. */
async function finish(place: CrashPlace): Promise<readonly string[]> {
  for (let run = 0; run < 3; run++) {
    const { remaining, quarantine } = await place.resume()
    if (remaining === 0 && quarantine === 0) break
  }
  return place.violations(true)
}

/** What is wrong after a crash at a point, and after the run that follows it. */
async function crashAt(scenario: Scenario, point: Point): Promise<readonly string[]> {
  await using place = await bench.place(scenario)
  const { killedAt } = await place.runChild(point.place)
  expect(killedAt).toBe(point.name)
  const found = [...place.violations(false)]
  if (point.name.startsWith('journal after-write')) {
    await using torn = await bench.copy(place)
    await torn.tearJournal(seededRandom(`${testSeed}/torn/${point.place}`))
    found.push(...(await finish(torn)).map((violation) => `torn: ${violation}`))
  }
  found.push(...(await finish(place)))
  return found
}

async function crashAtEach(
  scenario: Scenario,
  points: readonly Point[],
): Promise<readonly string[]> {
  const failures: string[] = []
  await inLanes(points, async (point) => {
    const found = await crashAt(scenario, point).catch((error: unknown) => [String(error)])
    failures.push(...found.map((violation) => `${point.place} ${point.name}: ${violation}`))
  })
  return failures
}

describe('a station that is killed while it makes one board', () => {
  it('decides every unit after the next run, at each point at which it is killed', async () => {
    const points = await pointsOf(oneBoard)
    const records = points.filter(({ name }) => name.startsWith('journal before-write')).length
    process.stdout.write(`${points.length} crash points over ${records} records\n`)
    expect(records).toBeGreaterThanOrEqual(27)
    expect(points.length).toBeGreaterThanOrEqual(3 * records)
    expect(await crashAtEach(oneBoard, points)).toEqual([])
  })

  it('does so when the next run is killed too', async () => {
    const random = seededRandom(`${testSeed}/twice`)
    const points = await pointsOf(oneBoard)
    const rounds = Array.from({ length: scaled(12, 200) }, () => ({
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
  })
})

describe('a station that is killed over a bad board', () => {
  it.each([
    { board: 'proves with another key', name: 'proof-other-key', from: 'received PROOF' },
    { board: 'restarts before COMMIT', name: 'restart-before-commit', from: 'sending PAI' },
  ] as const)('loses nothing of one that $board', async ({ name, from }) => {
    const scenario: Scenario = { ...oneBoard, faults: [{ ...firstBoard, name }] }
    const points = await pointsOf(scenario)
    const start = points.findIndex((point) => point.name.endsWith(from))
    const wanted = points.slice(start).filter((point) => /journal|ledger/.test(point.name))
    expect(start).toBeGreaterThan(0)
    expect(await crashAtEach(scenario, wanted.slice(0, scaled(30, 1000)))).toEqual([])
  })
})
