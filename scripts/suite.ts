import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { addTally, type Tally } from './tally.ts'
import { runTool } from './tool.ts'

const TallyShape = z.object({ passed: z.number(), failed: z.number() })

export interface SuiteRun {
  /** Arguments of `vitest run`: files, parts of their names, options. */
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>> | undefined
}

/** Runs vitest and takes its counts from the reporter. A run that ends without counts is one failure. */
export async function runSuite({ args, env }: SuiteRun): Promise<Tally> {
  const folder = mkdtempSync(join(tmpdir(), 'keyline-tally-'))
  const file = join(folder, 'tally.json')
  try {
    const { code } = await runTool({
      tool: 'vitest',
      args: ['run', ...args],
      env: { ...env, KEYLINE_TALLY: file },
      output: 'show',
    })
    const tally = readTally(file)
    if (tally === undefined) return { passed: 0, failed: 1 }
    return code !== 0 && tally.failed === 0 ? addTally(tally, { passed: 0, failed: 1 }) : tally
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function readTally(file: string): Tally | undefined {
  try {
    return TallyShape.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return undefined
  }
}
