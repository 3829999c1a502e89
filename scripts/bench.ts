import { parseArgs } from 'node:util'
import { benchmarks } from '../bench/benchmarks.ts'
import { keepsGoal, thisMachine, type Benchmark, type Figure } from '../bench/framework.ts'

const usage = `usage: npm run bench -- [NAME] [--json]
names: ${benchmarks.map(({ name }) => name).join(', ')}`

type Row = readonly [figure: string, value: string, ceiling: string, ratio: string, goal: string]

const tableHead: Row = ['figure', 'value', 'ceiling', 'ratio', 'goal']

process.exitCode = await main()

/** 0: every goal is kept; 1: one is missed; 2: wrong usage. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { json: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const [wanted] = positionals
  const chosen = benchmarks.filter(({ name }) => wanted === undefined || name === wanted)
  if (chosen.length === 0) {
    process.stderr.write(`${usage}\n`)
    return 2
  }
  const machine = thisMachine()
  const { cpu, cores, node, openssl, platform } = machine
  print(
    values.json
      ? JSON.stringify({ bench: 'machine', ...machine })
      : `${cpu}, ${cores} cores, ${platform}, Node ${node}, OpenSSL ${openssl}`,
  )
  let isEveryGoalKept = true
  for (const benchmark of chosen) {
    if (!values.json) print(`\n${benchmark.name}: ${benchmark.title}\n${tableLine(tableHead)}`)
    for await (const figure of benchmark.measure()) {
      print(values.json ? jsonLine(benchmark, figure) : tableLine(cellsOf(figure)))
      isEveryGoalKept &&= keepsGoal(figure) ?? true
    }
  }
  return isEveryGoalKept ? 0 : 1
}

function jsonLine({ name }: Benchmark, figure: Figure): string {
  return JSON.stringify({
    bench: name,
    figure: figure.figure,
    value: figure.value,
    unit: figure.unit,
    ceiling: figure.ceiling ?? null,
    ratio: figure.ratio ?? null,
    goal: goalText(figure) || null,
    ok: keepsGoal(figure) ?? true,
  })
}

function cellsOf(figure: Figure): Row {
  const { value, unit, ceiling, ratio } = figure
  const isKept = keepsGoal(figure)
  const verdict = isKept === undefined ? '' : isKept ? ' ✓' : ' ✗'
  return [
    figure.figure,
    `${shortNumber(value)} ${unit}`,
    ceiling === undefined ? '' : `${shortNumber(ceiling)} ${unit}`,
    ratio === undefined ? '' : `${shortNumber(ratio)} ×`,
    goalText(figure) + verdict,
  ]
}

function tableLine([figure, value, ceiling, ratio, goal]: Row): string {
  const numbers = [value.padStart(16), ceiling.padStart(16), ratio.padStart(9)].join('  ')
  return `${figure.padEnd(50)}${numbers}  ${goal}`.trimEnd()
}

function goalText({ goal, unit }: Figure): string {
  if (goal === undefined) return ''
  const signs = { 'at most': '≤', 'at least': '≥', exactly: '=' } as const
  return `${signs[goal.is]} ${goal.limit} ${goal.of === 'ratio' ? '×' : unit}`
}

function shortNumber(value: number): string {
  if (value >= 10_000) return `${(value / 1_000).toFixed(1)} k`
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
