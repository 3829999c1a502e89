import { fork } from 'node:child_process'
import { join } from 'node:path'
import { bundledProgram } from '../test/support/bundled-program.ts'
import type { Figure } from './framework.ts'
import type { WorstJob, WorstResult } from './verifier-worst-load.ts'

const vectors = join(import.meta.dirname, '../test/vectors/attestation/tokens-derived-invalid')

/** What the worst evidence of 64 KiB costs before it is refused. */
export async function* worstFigures(): AsyncIterable<Figure> {
  const program = await bundledProgram(join(import.meta.dirname, 'verifier-worst-load.ts'))
  const { inputs, slowest, largest } = await measureIn(program, { vectors })
  yield {
    figure: `worst of ${inputs} inputs: ${slowest.name}`,
    value: slowest.ms,
    unit: 'ms',
    goal: { of: 'value', is: 'at most', limit: 5 },
  }
  yield {
    figure: `most memory: ${largest.name}`,
    value: largest.octets / 1024,
    unit: 'KiB',
    goal: { of: 'value', is: 'at most', limit: 1024 },
  }
}

/** Nothing is collected while it runs, so that what is allocated can be counted. */
function measureIn(program: string, job: WorstJob): Promise<WorstResult> {
  const execArgv = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64']
  const child = fork(program, [], { execArgv })
  return new Promise((resolve, reject) => {
    child.once('message', (result: WorstResult) => resolve(result))
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the worst inputs ended with ${code}`)))
    child.send(job)
  })
}
