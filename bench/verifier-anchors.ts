import { fork } from 'node:child_process'
import { join } from 'node:path'
import { bundledProgram } from '../test/support/bundled-program.ts'
import type { Figure } from './framework.ts'
import type { AnchorJob, AnchorResult } from './verifier-anchor-load.ts'

const mebibyte = 1 << 20
const few = 1_000
const many = 1_000_000

/** A fleet of a million: what a worker keeps of it, and what a look into it costs. */
export async function* anchorFigures(): AsyncIterable<Figure> {
  const program = await bundledProgram(join(import.meta.dirname, 'verifier-anchor-load.ts'))
  const store = 'memory'
  const small = await measureIn(program, { store, anchors: few })
  const large = await measureIn(program, { store, anchors: many })
  yield {
    figure: `${store}: resident set with ${many} anchors`,
    value: large.residentOctets / mebibyte,
    unit: 'MiB',
    goal: { of: 'value', is: 'at most', limit: 500 },
  }
  yield {
    figure: `${store}: an anchor`,
    value: (large.residentOctets - small.residentOctets) / (many - few),
    unit: 'octets',
  }
  yield {
    figure: `${store}: lookup p99, ${many} / ${few} anchors`,
    value: large.p99Us,
    unit: 'µs',
    ceiling: small.p99Us,
    ratio: large.p99Us / small.p99Us,
    goal: { of: 'ratio', is: 'at most', limit: 2 },
  }
}

/** In a process of its own, so that the memory is that of one worker. */
function measureIn(program: string, job: AnchorJob): Promise<AnchorResult> {
  const child = fork(program, [], { execArgv: ['--expose-gc'] })
  return new Promise((resolve, reject) => {
    child.once('message', (result: AnchorResult) => resolve(result))
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the store of anchors ended with ${code}`)))
    child.send(job)
  })
}
