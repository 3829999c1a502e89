import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { crashPointsOf, finish } from './support/crash-campaign.ts'
import { CrashBench, type Scenario } from './support/crash-bench.ts'

let bench: CrashBench
beforeAll(async () => {
  bench = await CrashBench.start()
})
afterAll(() => bench[Symbol.asyncDispose]())

/** What the checker would not find here, it would not find in the product either. */
describe('a station that is built wrongly', () => {
  it.each([
    {
      sabotage: 'certificate-leaves-unrecorded',
      killedAt: 'received STORED',
      found: /^P2 board .* is not in the ledger/,
    },
    {
      sabotage: 'journal-answers-before-it-writes',
      killedAt: 'after issuer.issue',
      found: /^P2 certificate .* no intent "issue"/,
    },
    {
      sabotage: 'lost-certificate-stays-live',
      killedAt: 'after issuer.issue',
      found: /^P1 live certificate of one unit/,
    },
    {
      sabotage: 'verdict-stays-in-the-journal',
      killedAt: 'journal after-sync decided decide',
      found: /^P2 journal record .* is nothing in the ledger/,
    },
  ] as const)(
    'is found by its outputs after a crash: $sabotage',
    async ({ sabotage, killedAt, found }) => {
      const scenario: Scenario = { quantity: 1, slots: 1, sabotage }
      const points = await crashPointsOf(bench, scenario)
      const point = points.find(({ name }) => name === killedAt)
      await using place = await bench.place(scenario)
      expect(await place.runChild(point?.place ?? 0)).toEqual({ killedAt })
      const violations = [...place.violations(false), ...(await finish(place))]
      expect(violations).toContainEqual(expect.stringMatching(found))
    },
  )
})
