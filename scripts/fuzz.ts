import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { fuzz } from '../test/support/fuzz/fuzz.ts'
import { fuzzTargets } from '../test/support/fuzz/targets.ts'

const usage = `usage: npm run fuzz -- NAME|all [--seconds N] [--seed S]
names: ${fuzzTargets.map(({ name }) => name).join(', ')}`

process.exitCode = await main()

/** 0: no finding; 1: a decoder threw what is no refusal, broke a law of its own or took too long; 2: wrong usage. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { seconds: { type: 'string', default: '10' }, seed: { type: 'string' } },
    allowPositionals: true,
  })
  const [name = ''] = positionals
  const seconds = Number(values.seconds)
  const seed = values.seed === undefined ? randomInt(1, 0x7fff_ffff) : Number(values.seed)
  const targets = fuzzTargets.filter((target) => name === 'all' || target.name === name)
  if (targets.length === 0 || !(seconds > 0) || !Number.isSafeInteger(seed)) {
    process.stderr.write(`${usage}\n`)
    return 2
  }
  process.stdout.write(`seed ${seed}, ${seconds} s for each target\n`)
  let findings = 0
  for (const target of targets) {
    const report = await fuzz(target, { seed, seconds })
    const rate = Math.round(report.executions / report.seconds)
    const refused = Math.round((100 * report.refusals) / report.executions)
    process.stdout.write(
      `${target.name}: ${report.executions} executions, ${rate}/s, ${refused} % refused, ${report.findings.length} findings\n`,
    )
    for (const { problem, inputHex } of report.findings) {
      process.stdout.write(`  ${problem}\n  input ${inputHex}\n`)
    }
    findings += report.findings.length
  }
  return findings === 0 ? 0 : 1
}
