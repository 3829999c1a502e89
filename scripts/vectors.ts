import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { addTally, tallyLine, type Tally } from './tally.ts'
import { describeFile, describeLeftOut, sidesIn } from './vectors/print.ts'
import { runVectors, type FileReport } from './vectors/run.ts'

const usage = 'usage: npm run vectors -- DIR [--json]'

process.exitCode = await main()

/** 0: every vector passed; 1: one failed, or a file is unknown; 2: the folder is of no use. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { json: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const [given] = positionals
  if (given === undefined || positionals.length !== 1) return refuse(usage)
  const folder = resolve(process.env['INIT_CWD'] ?? process.cwd(), given)
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return refuse(`${given} is not a folder\n${usage}`)
  }
  const reports: FileReport[] = []
  let tally: Tally = { passed: 0, failed: 0 }
  for await (const report of runVectors(folder)) {
    reports.push(report)
    tally = addTally(tally, { passed: report.passed, failed: report.failures.length })
    print(values.json ? [JSON.stringify(report)] : describeFile(report))
  }
  if (reports.length === 0) return refuse(`${given} holds no file of vectors`)
  const sides = sidesIn(reports)
  const bySide = sides === '' ? [] : [`cases by side: ${sides}`]
  print(
    values.json
      ? [JSON.stringify(tally)]
      : [...describeLeftOut(reports), ...bySide, tallyLine(tally)],
  )
  return tally.failed === 0 ? 0 : 1
}

function print(lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`)
}

function refuse(message: string): number {
  process.stderr.write(`${message}\n`)
  return 2
}
