import { afterAll, describe, expect, it } from 'vitest'
import { fuzzDecoder } from '../../support/fuzz/fuzz.ts'
import type { FuzzDecoder } from '../../support/fuzz/target.ts'
import { testSeed } from '../../support/scale.ts'

/** Declares one test for each decoder, of that many seconds or inputs; afterwards one line tells seed and executions. */
export function fuzzEach(
  decoders: readonly FuzzDecoder[],
  seconds: number,
  inputs = Infinity,
): void {
  describe('no input makes a decoder crash, hang, grow or break its law', () => {
    const executions: string[] = []

    it.each(decoders)('$name', { timeout: (seconds + 60) * 1_000 }, async (decoder) => {
      const report = await fuzzDecoder(decoder, { seed: testSeed, seconds, inputs })
      executions.push(`${decoder.name} ${report.executions}`)
      expect(report.findings).toEqual([])
      const seeds = decoder.targets.flatMap((target) => target.seeds())
      expect(report.executions).toBeGreaterThan(seeds.length)
    })

    afterAll(() => {
      process.stdout.write(`fuzz seed ${testSeed}: ${executions.join(', ')} executions\n`)
    })
  })
}
