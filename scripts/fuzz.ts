import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { fuzz, type FuzzReport } from '../test/support/fuzz/fuzz.ts'
import type { FuzzTarget } from '../test/support/fuzz/target.ts'
import { fuzzTargets } from '../test/support/fuzz/targets.ts'
import { endToolsOnSignal, runTool } from './tool.ts'

const usage = `usage: npm run fuzz -- NAME...|all [--seconds N] [--seed S] [--jobs J]
names: ${fuzzTargets.map(({ name }) => name).join(', ')}`

process.exitCode = await main()

/** 0: no finding; 1: a decoder threw what is no refusal, broke a law, took too long or too much memory; 2: wrong usage. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      seconds: { type: 'string', default: '10' },
      seed: { type: 'string' },
      jobs: { type: 'string', default: '1' },
    },
    allowPositionals: true,
  })
  const seconds = Number(values.seconds)
  const seed = values.seed === undefined ? randomInt(1, 0x7fff_ffff) : Number(values.seed)
  const jobs = Number(values.jobs)
  const targets = targetsOf(positionals)
  const isUsable = seconds > 0 && Number.isSafeInteger(seed) && Number.isInteger(jobs) && jobs > 0
  if (targets === undefined || !isUsable) {
    process.stderr.write(`${usage}\n`)
    return 2
  }
  if (jobs > 1) return spread(targets, { seconds, seed, jobs: Math.min(jobs, targets.length) })
  process.stdout.write(`fuzz seed ${seed}, ${seconds} s for each of ${targets.length} targets\n`)
  const reports: FuzzReport[] = []
  for (const target of targets) {
    const report = await fuzz(target, { seed, seconds })
    process.stdout.write(describe(target, report))
    reports.push(report)
  }
  const findings = sum(reports, (report) => report.findings.length)
  const executions = sum(reports, (report) => report.executions)
  process.stdout.write(
    `fuzz seed ${seed}: ${reports.length} targets, ${Math.round(sum(reports, (report) => report.seconds))} s, ${executions} executions, ${findings} findings\n`,
  )
  return findings === 0 ? 0 : 1
}

function targetsOf(names: readonly string[]): readonly FuzzTarget[] | undefined {
  if (names.length === 1 && names[0] === 'all') return fuzzTargets
  const known = names.every((name) => fuzzTargets.some((target) => target.name === name))
  if (names.length === 0 || !known) return undefined
  return fuzzTargets.filter(({ name }) => names.includes(name))
}

interface Spread {
  readonly seconds: number
  readonly seed: number
  readonly jobs: number
}

/** Every n-th target to each of n processes: one that hangs ends its process, and the others go on. */
async function spread(targets: readonly FuzzTarget[], run: Spread): Promise<number> {
  endToolsOnSignal()
  const codes = await Promise.all(
    Array.from({ length: run.jobs }, async (_, job) => {
      const names = targets.filter((_, index) => index % run.jobs === job).map(({ name }) => name)
      const options = ['--seconds', String(run.seconds), '--seed', String(run.seed)]
      const args = ['--conditions=source', import.meta.filename, ...names, ...options]
      const { code } = await runTool({ tool: 'tsx', args, output: 'show' })
      return code
    }),
  )
  const isSound = codes.every((code) => code === 0)
  process.stdout.write(
    `fuzz seed ${run.seed}: ${isSound ? 'no finding' : 'findings'} in ${targets.length} targets\n`,
  )
  return isSound ? 0 : 1
}

function describe({ name }: FuzzTarget, report: FuzzReport): string {
  const { executions, seconds, refusals, findings } = report
  const rate = Math.round(executions / seconds)
  const refused = Math.round((100 * refusals) / executions)
  const summary = `${name}: ${executions} executions, ${rate}/s, ${refused} % refused, ${findings.length} findings\n`
  const details = findings.map(({ problem, inputHex }) => `  ${problem}\n  input ${inputHex}\n`)
  return [summary, ...details].join('')
}

function sum(reports: readonly FuzzReport[], count: (report: FuzzReport) => number): number {
  return reports.reduce((total, report) => total + count(report), 0)
}
