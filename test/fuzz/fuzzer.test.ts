import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { BytesError } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { bundledProgram } from '../support/bundled-program.ts'
import { fuzz, fuzzDecoder } from '../support/fuzz/fuzz.ts'
import { BrokenLaw, type FuzzTarget } from '../support/fuzz/target.ts'
import { fuzzTargets } from '../support/fuzz/targets.ts'

it('has one target of each name', () => {
  expect(new Set(fuzzTargets.map(({ name }) => name)).size).toBe(fuzzTargets.length)
})

const seed = Uint8Array.of(1, 2, 3, 4)

function isChanged(octets: Uint8Array): boolean {
  return !Buffer.from(octets).equals(seed)
}

function targetOf(name: string, run: FuzzTarget['run']): FuzzTarget {
  return { name, seeds: () => [seed], run }
}

async function problemsOf(run: FuzzTarget['run']): Promise<readonly string[]> {
  const { findings } = await fuzz(targetOf('target', run), {
    seed: 1,
    seconds: 0.5,
    mostFindings: 1,
  })
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

  it('finds an input that makes the decoder take memory, also outside of the heap', async () => {
    const problems = await problemsOf((octets) => {
      if (isChanged(octets)) return new Uint8Array(65 * 1024 * 1024)
      return new Uint8Array(60 * 1024 * 1024)
    })
    expect(problems).toEqual(['grows by more than 64 MiB'])
  })

  it('finds a decoder that keeps what it was given', async () => {
    const kept: Uint8Array[] = []
    const problems = await problemsOf(() => {
      if (kept.length < 100) kept.push(new Uint8Array(1024 * 1024))
    })
    expect(problems).toEqual(['keeps more than 64 MiB behind the run'])
    expect(kept).toHaveLength(100)
  })

  it('ends the process when an input never comes back, and shows the input', async () => {
    const child = fileURLToPath(new URL('support/hanging-child.ts', import.meta.url))
    const program = await bundledProgram(child)
    const { signal, stderr } = spawnSync(process.execPath, [program], {
      encoding: 'utf8',
      timeout: 60_000,
    })
    expect(stderr).toBe('endless hangs: no end within 200 ms\n  input cafe\n')
    expect(signal).toBe('SIGKILL')
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

  it('gives every way into a decoder its part of the time, and names the one with a finding', async () => {
    const targets = [
      targetOf('sound', () => undefined),
      targetOf('unsound', () => {
        throw new TypeError('unsound')
      }),
    ]
    const { executions, findings, seconds } = await fuzzDecoder(
      { name: 'decoder', targets },
      { seed: 1, seconds: 2, mostFindings: 1 },
    )
    expect(findings).toEqual([{ problem: 'unsound: TypeError: unsound', inputHex: '01020304' }])
    expect(executions).toBeGreaterThan(100)
    expect(seconds).toBeLessThan(1.9)
  })

  it('ends before its time when it has run as many inputs as it was asked for', async () => {
    const targets = ['one', 'other'].map((name) => targetOf(name, () => undefined))
    const { executions } = await fuzzDecoder(
      { name: 'decoder', targets },
      { seed: 1, seconds: 3_600, inputs: 200 },
    )
    expect(executions).toBe(200 + 2)
  })

  it('replays a run from its seed', async () => {
    const inputs: string[][] = []
    for (const number of [7, 7, 8]) {
      const seen: string[] = []
      const run = (octets: Uint8Array): number => seen.push(Buffer.from(octets).toString('hex'))
      await fuzz(targetOf('target', run), { seed: number, seconds: 0.05 })
      inputs.push(seen.slice(0, 50))
    }
    expect(inputs[0]).toHaveLength(50)
    expect(inputs[1]).toEqual(inputs[0])
    expect(inputs[2]).not.toEqual(inputs[0])
  })
})
