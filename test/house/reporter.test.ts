import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../../scripts/root.ts'
import { runTool } from '../../scripts/tool.ts'

const reporter = join(root, 'scripts/reporter.ts')

interface Outcome {
  readonly code: number
  readonly lastLine: string
}

/** Runs vitest with the reporter of the house on files that exist for this run alone. */
async function runFiles(
  files: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<Outcome> {
  mkdirSync(join(root, '.cache'), { recursive: true })
  const folder = mkdtempSync(join(root, '.cache/reporter-'))
  try {
    const cheap = { pool: 'threads', isolate: false, maxWorkers: 1 }
    const config = {
      test: { ...cheap, globals: true, reporters: [reporter], include: ['*.test.ts'] },
    }
    writeFileSync(join(folder, 'vitest.config.mjs'), `export default ${JSON.stringify(config)}`)
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    const { code, output } = await runTool({
      tool: 'vitest',
      args: ['run', '--root', folder, ...args],
      env: { KEYLINE_TALLY: '' },
      output: 'keep',
    })
    const lastLine = output.split('\n').findLast((line) => / passed, \d+ failed$/.test(line)) ?? ''
    return { code, lastLine }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const passing = "it('works', () => {})\n"

describe('the last line of a run', () => {
  it('has the tests of all files that passed', async () => {
    const files = { 'a.test.ts': passing + passing, 'b.test.ts': passing }
    expect(await runFiles(files)).toEqual({ code: 0, lastLine: '3 passed, 0 failed' })
  })

  it('counts failing tests, files that do not load and errors outside of a test as failures', async () => {
    const files = {
      'a.test.ts': "it('fails', () => { expect(1).toBe(2) })",
      'b.test.ts': "throw new Error('broken')",
      'c.test.ts': "it('works', () => { void Promise.reject(new Error('late')) })",
      'd.test.ts': passing,
    }
    expect(await runFiles(files)).toEqual({ code: 1, lastLine: '2 passed, 3 failed' })
  })

  it('counts a test that is left out as a failure, which vitest does not', async () => {
    const text = `${passing}it.${['sk', 'ip'].join('')}('later', () => {})`
    expect(await runFiles({ 'a.test.ts': text })).toEqual({
      code: 1,
      lastLine: '1 passed, 1 failed',
    })
  })

  it('counts a run without tests as a failure', async () => {
    expect(await runFiles({})).toEqual({ code: 1, lastLine: '0 passed, 1 failed' })
  })

  it('leaves out what a name pattern leaves out', async () => {
    const files = { 'a.test.ts': "it('one', () => {})\nit('two', () => {})\n" }
    expect(await runFiles(files, ['--testNamePattern', 'one'])).toEqual({
      code: 0,
      lastLine: '1 passed, 0 failed',
    })
  })
})
