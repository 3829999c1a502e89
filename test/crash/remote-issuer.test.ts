import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isLongRun, scaled } from '../support/scale.ts'
import { crashAtEach, crashPointsOf, finish } from './support/crash-campaign.ts'
import { CrashBench, type Scenario } from './support/crash-bench.ts'

let bench: CrashBench
beforeAll(async () => {
  bench = await CrashBench.start()
})
afterAll(() => bench[Symbol.asyncDispose]())

const limitMs = 900_000
const oneBoard: Scenario = { quantity: 1, slots: 1, isRemote: true }

/** Where the issuer has the certificate and the station has not. */
const betweenLedgers = 'after server POST dac'

describe('a station whose issuer is elsewhere, killed around the request', () => {
  it(
    'ends with one live certificate for each unit at both ends, and knows of every other',
    async () => {
      const points = await crashPointsOf(bench, oneBoard)
      const names = points.map(({ name }) => name)
      const [from, to] = [
        names.indexOf('journal before-write intent issue'),
        names.indexOf('journal after-sync outcome issue'),
      ]
      expect(from).toBeGreaterThan(0)
      expect(names.slice(from, to)).toContain(betweenLedgers)
      const near = points.slice(from, to + 1)
      const around = isLongRun
        ? points
        : near.filter(({ name }) => /server|record|after-sync/.test(name))
      process.stdout.write(`killed at ${around.length} of ${points.length} crash points\n`)
      expect(await crashAtEach(bench, oneBoard, around)).toEqual([])
    },
    limitMs,
  )

  it(
    'and killed again while it gives the certificate back',
    async () => {
      const points = await crashPointsOf(bench, oneBoard)
      const lost = points.find(({ name }) => name === betweenLedgers)?.place ?? 0
      await using first = await bench.place(oneBoard)
      await first.runChild(lost)
      await using whole = await bench.copy(first)
      const { points: names = [] } = await whole.runChild(0, { resume: true })
      const [from, to] = [
        names.indexOf('before server GET dac'),
        names.indexOf('journal after-sync outcome recall'),
      ]
      expect(from).toBeGreaterThanOrEqual(0)
      expect(to).toBeGreaterThan(from)
      const places = Array.from({ length: to - from + 1 }, (_, index) => from + index + 1)
      const every = Math.ceil(places.length / scaled(4, places.length))
      const failures: string[] = []
      for (const place of places.filter((_, index) => index % every === 0)) {
        await using second = await bench.copy(first)
        await second.runChild(place, { resume: true })
        const found = await finish(second)
        failures.push(...found.map((violation) => `${names[place - 1] ?? ''}: ${violation}`))
      }
      expect(failures).toEqual([])
    },
    limitMs,
  )

  it('is found out when it forgets what it has asked for', async () => {
    const scenario: Scenario = { ...oneBoard, sabotage: 'lost-answer-is-forgotten' }
    const points = await crashPointsOf(bench, scenario)
    const lost = points.find(({ name }) => name === betweenLedgers)?.place ?? 0
    await using place = await bench.place(scenario)
    await place.runChild(lost)
    const found = await finish(place)
    expect(found).toContainEqual(expect.stringMatching(/^unit .* has two live certificates at/))
    expect(found).toContainEqual(
      expect.stringMatching(/live at the issuer, unknown at the station/),
    )
  })
})
