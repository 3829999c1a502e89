import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom, uniformBelow, type Random } from '@keyline/bytes'
import { scaled, testSeed } from '../support/scale.ts'
import { auditBatch } from './support/audit.ts'
import type { ChildJob, KillPoint, Sabotage } from './support/child.ts'
import { CrashBench } from './support/crash.ts'
import type { Place } from './support/place.ts'

/** Four units a chunk: eight chunks of a batch. */
const units = 32
const chunks = 8
const points = ['before', 'torn', 'written', 'recorded'] as const satisfies readonly KillPoint[]
const fileOf = (place: Place): string => join(place.folder, 'units', 'units.sealed.jsonl')

let bench: CrashBench
beforeAll(async () => {
  bench = await CrashBench.start()
})
afterAll(() => bench[Symbol.asyncDispose]())

describe('a batch that is killed at any point', () => {
  it('is finished by its successors: every unit once, in the file and in the ledger', async () => {
    const random = seededRandom(`generate ${testSeed}`)
    const kills = scaled(12, 200)
    const killed = new Map<KillPoint | 'outside', number>()
    let count = 0
    while (count < kills) {
      const place = await bench.place()
      // Some kills of one batch, then its end.
      for (let left = 4 + uniformBelow(random, 4); left > 0; left--) {
        const job = { place, units, resume: existsSync(fileOf(place)) }
        const { name, end } = await killSomewhere(job, random)
        if (end.end === 0) break
        expect(end).toEqual({ end: 'SIGKILL', err: '' })
        killed.set(name, (killed.get(name) ?? 0) + 1)
        count++
      }
      await finish(place)
      expect(await auditBatch(place, { file: fileOf(place), units })).toEqual([])
    }
    expect(killed.size).toBeGreaterThan(3)
  })

  const controls: readonly (readonly [Sabotage, KillPoint])[] = [
    ['keep-tail', 'torn'],
    ['keep-tail', 'written'],
    ['ledger-first', 'recorded'],
  ]
  it.each(controls)('is found broken where %s ends at %s', async (sabotage, point) => {
    const place = await bench.place()
    const job = { place, units, sabotage, resume: false }
    const { end } = await bench.run({ ...job, killAt: { point, time: 3 } })
    expect(end).toBe('SIGKILL')
    const { end: code, err } = await bench.run({ ...job, resume: true })
    if (code === 0) {
      expect(await auditBatch(place, { file: fileOf(place), units })).not.toEqual([])
    } else {
      expect(err).toMatch(/STATION_BATCH_BROKEN|not those of the ledger|the ledger recorded/)
    }
  })
})

async function killSomewhere(job: ChildJob, random: Random) {
  const name = [...points, 'outside' as const][uniformBelow(random, points.length + 1)] ?? 'before'
  const time = 1 + uniformBelow(random, chunks)
  const end =
    name === 'outside'
      ? await bench.run(job, time)
      : await bench.run({ ...job, killAt: { point: name, time } })
  return { name, end }
}

async function finish(place: Place): Promise<void> {
  const resume = existsSync(fileOf(place))
  const { end, err } = await bench.run({ place, units, resume })
  expect({ end, err }).toEqual({ end: 0, err: '' })
}
