import { describe, expect, it } from 'vitest'
import { BytesError } from '@keyline/bytes'
import { fuzz } from '../support/fuzz/fuzz.ts'
import { BrokenLaw, type FuzzTarget } from '../support/fuzz/target.ts'
import { fuzzTargets } from '../support/fuzz/targets.ts'
import { scaled, testSeed } from '../support/scale.ts'

const seconds = scaled(1, 60)

describe('no input makes a decoder crash, hang or break its law', () => {
  it.each(fuzzTargets)('$name', (target) => {
    const report = fuzz(target, { seed: testSeed, seconds })
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

function problemsOf(run: FuzzTarget['run']): readonly string[] {
  const target = { name: 'target', seeds: () => [seed], run }
  const { findings } = fuzz(target, { seed: 1, seconds: 0.5, mostFindings: 1 })
  return findings.map(({ problem }) => problem)
}

describe('the fuzzer', () => {
  it('finds an error that is no refusal', () => {
    const problems = problemsOf((octets) => {
      if (isChanged(octets)) throw new RangeError('index out of range')
    })
    expect(problems).toEqual(['RangeError: index out of range'])
  })

  it('finds a broken law', () => {
    const problems = problemsOf((octets) => {
      if (isChanged(octets)) throw new BrokenLaw('encodes back')
    })
    expect(problems).toEqual(['BrokenLaw: encodes back'])
  })

  it('finds an input that takes too long', () => {
    const problems = problemsOf((octets) => {
      const end = performance.now() + (isChanged(octets) ? 60 : 0)
      while (performance.now() < end) octets.at(0)
    })
    expect(problems).toEqual([expect.stringMatching(/^takes \d+ ms$/)])
  })

  it('finds a decoder that changes its input', () => {
    expect(problemsOf((octets) => octets.fill(0))).toEqual(['changes its input'])
  })

  it('finds a decoder that refuses its seeds', () => {
    const problems = problemsOf(() => {
      throw new BytesError('BYTES_CUT', 'cut')
    })
    expect(problems).toEqual(['a seed is refused'])
  })

  it('replays a run from its seed', () => {
    const inputs = [7, 7, 8].map((number) => {
      const seen: string[] = []
      const run = (octets: Uint8Array): number => seen.push(Buffer.from(octets).toString('hex'))
      fuzz({ name: 'target', seeds: () => [seed], run }, { seed: number, seconds: 0.05 })
      return seen.slice(0, 50)
    })
    expect(inputs[0]).toHaveLength(50)
    expect(inputs[1]).toEqual(inputs[0])
    expect(inputs[2]).not.toEqual(inputs[0])
  })
})
