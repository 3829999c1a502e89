import { describe, expect, it } from 'vitest'
import { BytesError } from '@keyline/bytes'
import { fuzz } from '../support/fuzz/fuzz.ts'
import { BrokenLaw, type FuzzTarget } from '../support/fuzz/target.ts'
import { fuzzTargets } from '../support/fuzz/targets.ts'
import { scaled, testSeed } from '../support/scale.ts'

const seconds = scaled(1, 60)

describe('no input makes a decoder crash, hang or break its law', () => {
  it.each(fuzzTargets)('$name', async (target) => {
    const report = await fuzz(target, { seed: testSeed, seconds })
    expect(report.findings).toEqual([])
    expect(report.executions).toBeGreaterThan(target.seeds().length)
  })

  it('has one target of each name', () => {
    expect(new Set(fuzzTargets.map(({ name }) => name)).size).toBe(fuzzTargets.length)
  })
})

const seed = Uint8Array.of(1, 2, 3, 4)

function isChanged(octets: Uint8Array): boolean {
  return !Buffer.from(octets).equals(seed)
}

async function problemsOf(run: FuzzTarget['run']): Promise<readonly string[]> {
  const target = { name: 'target', seeds: () => [seed], run }
  const { findings } = await fuzz(target, { seed: 1, seconds: 0.5, mostFindings: 1 })
  return findings.map(({ problem }) => problem)
}

describe('the fuzzer', () => {
  it('finds an error that is no refusal', async () => {
    const problems = await problemsOf((octets) => {
      if (isChanged(octets)) throw new RangeError('index out of range')
    })
    expect(problems).toEqual(['RangeError: index out of range'])
  })

  it('finds a broken law', async () => {
    const problems = await problemsOf((octets) => {
      if (isChanged(octets)) throw new BrokenLaw('encodes back')
    })
    expect(problems).toEqual(['BrokenLaw: encodes back'])
  })

  it('finds an input that takes too long', async () => {
    const problems = await problemsOf((octets) => {
      const start = process.cpuUsage()
      while (isChanged(octets) && process.cpuUsage(start).user < 80_000) octets.at(0)
    })
    expect(problems).toEqual(['takes more than 50 ms'])
  })

  it('finds a decoder that changes its input', async () => {
    expect(await problemsOf((octets) => octets.fill(0))).toEqual(['changes its input'])
  })

  it('finds a decoder that refuses its seeds', async () => {
    const problems = await problemsOf(() => {
      throw new BytesError('BYTES_CUT', 'cut')
    })
    expect(problems).toEqual(['a seed is refused'])
  })

  it('waits for a decoder that answers later', async () => {
    const problems = await problemsOf(async (octets) => {
      await Promise.resolve()
      if (isChanged(octets)) throw new RangeError('later')
    })
    expect(problems).toEqual(['RangeError: later'])
  })

  it('replays a run from its seed', async () => {
    const inputs: string[][] = []
    for (const number of [7, 7, 8]) {
      const seen: string[] = []
      const run = (octets: Uint8Array): number => seen.push(Buffer.from(octets).toString('hex'))
      await fuzz({ name: 'target', seeds: () => [seed], run }, { seed: number, seconds: 0.05 })
      inputs.push(seen.slice(0, 50))
    }
    expect(inputs[0]).toHaveLength(50)
    expect(inputs[1]).toEqual(inputs[0])
    expect(inputs[2]).not.toEqual(inputs[0])
  })
})
