import { houseChecks } from './check/house-checks.ts'
import { madePages } from './docs/pages.ts'
import { root } from './root.ts'
import { runSuite } from './suite.ts'
import { addTally, tallyLine, type Tally } from './tally.ts'
import { endToolsOnSignal, runTool, type ToolRun } from './tool.ts'

/** A check of the house: what it has to say, or nothing when all is well. */
interface Check {
  readonly name: string
  readonly complaints: () => Promise<string>
}

const checks: readonly Check[] = [
  toolCheck('types', {
    tool: 'typescript',
    command: 'tsc',
    // One checker: several of them learn the same types beside each other, and the other processor has the linter.
    args: ['-p', 'tsconfig.check.json', '--checkers', '1'],
  }),
  toolCheck('lint', { tool: 'oxlint', args: ['--type-aware', '--deny-warnings'] }),
  toolCheck('format', { tool: 'oxfmt', args: ['--check', '.'] }),
  ...houseChecks.map(({ name, find }) => ({
    name,
    complaints: async () =>
      find(root)
        .map(({ file, message }) => `${file}: ${message}`)
        .join('\n'),
  })),
  { name: 'made pages', complaints: describeOldPages },
]

/** `npm test`: the house checks, then every test. `npm test -- NAME` runs only the tests in files of that name. */
async function main(filters: readonly string[]): Promise<void> {
  endToolsOnSignal()
  let tally: Tally = { passed: 0, failed: 0 }
  if (filters.length === 0) {
    for (const result of await Promise.all(checks.map(runCheck))) tally = addTally(tally, result)
  }
  tally = addTally(tally, await runSuite({ args: filters }))
  process.stdout.write(`${tallyLine(tally)}\n`)
  process.exitCode = tally.failed === 0 ? 0 : 1
}

async function runCheck({ name, complaints }: Check): Promise<Tally> {
  const start = performance.now()
  const text = await complaints()
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  process.stdout.write(`${text === '' ? '✓' : '✗'} ${name} (${seconds} s)\n`)
  if (text === '') return { passed: 1, failed: 0 }
  process.stdout.write(`${text.trimEnd()}\n`)
  return { passed: 0, failed: 1 }
}

function toolCheck(name: string, run: Omit<ToolRun, 'output'>): Check {
  const complaints = async (): Promise<string> => {
    const { code, output } = await runTool({ ...run, output: 'keep' })
    return code === 0 ? '' : output || `${run.tool} ended with ${code}`
  }
  return { name, complaints }
}

async function describeOldPages(): Promise<string> {
  const pages = await madePages(root)
  return pages
    .filter(({ present, wanted }) => present !== wanted)
    .map(({ path }) => `${path} is not what the sources say; run: npm run docs`)
    .join('\n')
}

await main(process.argv.slice(2))
