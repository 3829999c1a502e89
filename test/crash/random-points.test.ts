import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SlotFault } from '@keyline/board'
import { seededRandom, uniformBelow, type Random } from '@keyline/bytes'
import { scaled, testSeed } from '../support/scale.ts'
import { crashPointsOf, finish, inLanes } from './support/crash-campaign.ts'
import { CrashBench, type CrashPlace, type Scenario } from './support/crash-bench.ts'

let bench: CrashBench
beforeAll(async () => {
  bench = await CrashBench.start()
})
afterAll(() => bench[Symbol.asyncDispose]())

const limitMs = 3_600_000
const eightBoards: Scenario = { quantity: 8, slots: 8, spare: 24 }

/** What the first board of a slot may suffer, besides the crash. */
const faults = [
  'octet-lost',
  'no-target-once',
  'restart-before-commit',
  'restart-after-commit',
  'proof-other-key',
  'stores-nothing',
  'verify-mismatch',
] as const satisfies readonly SlotFault['name'][]

describe('a station that is killed while it makes eight boards at once', () => {
  it(
    'decides every unit in the runs that follow',
    async () => {
      const total = (await crashPointsOf(bench, eightBoards)).length
      const rounds = scaled(4, 200)
      let kills = 0
      const failures: string[] = []
      const numbers = Array.from({ length: rounds }, (_, index) => index + 1)
      await inLanes(numbers, async (round) => {
        const seed = `${testSeed}/eight boards/${round}`
        const judged = await judge(seed, total).catch((error: unknown) => ({
          kills: 0,
          violations: [String(error)],
        }))
        kills += judged.kills
        failures.push(...judged.violations.map((violation) => `${seed}: ${violation}`))
      })
      process.stdout.write(`${kills} kills in ${rounds} runs, of ${total} crash points each\n`)
      expect(failures).toEqual([])
    },
    limitMs,
  )
})

/** Kills one run, and tells what is wrong after it and after the runs that follow. */
async function judge(
  seed: string,
  total: number,
): Promise<{ readonly kills: number; readonly violations: readonly string[] }> {
  const random = seededRandom(seed)
  const scenario = { ...eightBoards, faults: drawFaults(random) }
  const violations: string[] = []
  for (;;) {
    await using place = await bench.place(scenario)
    const kills = await crash(place, random, total)
    violations.push(...place.violations(false), ...(await finish(place)))
    // A run with bad boards has fewer points: one drawn behind its end kills nothing.
    if (kills > 0) return { kills, violations }
  }
}

/** Up to three of the eight boards have a fault, in two rounds of three. */
function drawFaults(random: Random): readonly SlotFault[] {
  const count = Math.max(0, uniformBelow(random, 6) - 1)
  return Array.from({ length: Math.min(count, 3) }, (_, index) => ({
    slot: 1 + index * 2 + uniformBelow(random, 2),
    board: 2,
    name: faults[uniformBelow(random, faults.length)] ?? 'octet-lost',
  }))
}

/** Kills the run, and in every third round the one after it too. Returns the number of kills. */
async function crash(place: CrashPlace, random: Random, total: number): Promise<number> {
  const first = await place.runChild(1 + uniformBelow(random, total))
  let kills = first.killedAt === undefined ? 0 : 1
  if (uniformBelow(random, 3) === 0) {
    const second = await place.runChild(1 + uniformBelow(random, total), { resume: true })
    kills += second.killedAt === undefined ? 0 : 1
  }
  return kills
}
