import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runLong, type LongRun } from '../../scripts/long-run.ts'
import { scaledSuites } from '../../scripts/scaled-suites.ts'
import type { Tally } from '../../scripts/tally.ts'
import { FixtureTree } from './fixture-tree.ts'

const passing: Tally = { passed: 3, failed: 0 }

async function failAtB(suite: string): Promise<Tally> {
  return suite === 'b' ? { passed: 2, failed: 1 } : passing
}

describe('a long run', () => {
  let folder = ''
  let ran: string[] = []

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keyline-long-'))
    ran = []
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  function run(changes: Partial<LongRun> = {}): Promise<Tally> {
    return runLong({
      progressFile: join(folder, 'progress.json'),
      sources: 'sources',
      drawSeed: () => 7,
      isFresh: false,
      suites: ['a', 'b', 'c'],
      runSuite: async (suite, seed) => {
        ran.push(`${suite} ${seed}`)
        return passing
      },
      say: () => undefined,
      ...changes,
    })
  }

  async function dieAt(suite: string): Promise<void> {
    const runSuite = async (name: string, seed: number): Promise<Tally> => {
      if (name === suite) throw new Error('killed')
      ran.push(`${name} ${seed}`)
      return passing
    }
    await expect(run({ runSuite })).rejects.toThrow('killed')
  }

  it('goes on behind the last suite that passed, with the same seed, and counts all', async () => {
    await dieAt('c')
    expect(await run({ drawSeed: () => 8 })).toEqual({ passed: 9, failed: 0 })
    expect(ran).toEqual(['a 7', 'b 7', 'c 7'])
  })

  it('runs a suite that failed again', async () => {
    expect(await run({ runSuite: failAtB })).toEqual({ passed: 8, failed: 1 })
    expect(await run()).toEqual({ passed: 9, failed: 0 })
    expect(ran).toEqual(['b 7'])
  })

  it.each<[string, Partial<LongRun>, number]>([
    ['another seed', { seed: 9 }, 9],
    ['changed sources', { sources: 'others', drawSeed: () => 9 }, 9],
    ['a fresh start', { isFresh: true, drawSeed: () => 9 }, 9],
  ])('starts anew for %s', async (_, changes, seed) => {
    await dieAt('c')
    ran = []
    await run(changes)
    expect(ran).toEqual(['a', 'b', 'c'].map((suite) => `${suite} ${seed}`))
  })

  it('starts anew when the record of its progress is damaged', async () => {
    await dieAt('c')
    const file = join(folder, 'progress.json')
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, -3))
    ran = []
    await run()
    expect(ran).toHaveLength(3)
  })

  it('counts a run without any suite as a failure', async () => {
    expect(await run({ suites: [] })).toEqual({ passed: 0, failed: 1 })
  })
})

describe('the suites of a long run', () => {
  it('are those that scale their numbers, themselves or by what they import of the tests', () => {
    // As a value, so that this file is none of them.
    const properties = 'fast-check'
    using tree = new FixtureTree({
      'test/support/scale.ts': 'export const scaled = 1\n',
      'test/support/properties.ts': "import { scaled } from './scale.ts'\n",
      'test/support/cases.ts': "import { scaled } from './scale.ts'\nimport './round.ts'\n",
      'test/support/round.ts': "import './cases.ts'\n",
      'test/direct.test.ts': "import { scaled } from './support/scale.ts'\n",
      'test/by-cases.test.ts': "import './support/round.ts'\n",
      'scripts/judge.ts': "import '../test/support/cases.ts'\n",
      'test/by-script.test.ts': "import '../scripts/judge.ts'\n",
      'test/fixed.test.ts': "import './support/properties.ts'\n",
      'packages/low/src/law.test.ts': `import fc from '${properties}'\n`,
      'packages/low/src/plain.test.ts': "import { low } from './index.ts'\n",
    })
    expect(scaledSuites(tree.root, ['packages', 'scripts', 'test'])).toEqual([
      'packages/low/src/law.test.ts',
      'test/by-cases.test.ts',
      'test/by-script.test.ts',
      'test/direct.test.ts',
    ])
  })
})
