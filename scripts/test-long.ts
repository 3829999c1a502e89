import { createHash, randomInt } from 'node:crypto'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { filesUnder, isSource, readText } from './check/source-tree.ts'
import { runLong } from './long-run.ts'
import { root } from './root.ts'
import { scaledSuites } from './scaled-suites.ts'
import { runSuite } from './suite.ts'
import { tallyLine } from './tally.ts'
import { endToolsOnSignal } from './tool.ts'

const folders = ['packages', 'scripts', 'test']

const { values } = parseArgs({
  options: { seed: { type: 'string' }, fresh: { type: 'boolean', default: false } },
})

endToolsOnSignal()
const tally = await runLong({
  progressFile: join(root, '.cache/test-long.json'),
  sources: hashSources(),
  seed: values.seed === undefined ? undefined : Number(values.seed),
  drawSeed: () => randomInt(1, 0x7fff_ffff),
  isFresh: values.fresh,
  suites: scaledSuites(root, folders),
  runSuite: (suite, seed) =>
    runSuite({ args: [suite], env: { KEYLINE_LONG: '1', KEYLINE_SEED: String(seed) } }),
  say: (line) => void process.stdout.write(`${line}\n`),
})
process.stdout.write(`${tallyLine(tally)}\n`)
process.exitCode = tally.failed === 0 ? 0 : 1

function hashSources(): string {
  const hash = createHash('sha256').update(process.version)
  for (const file of folders.flatMap((folder) => filesUnder(root, folder))) {
    if (isSource(file) || file.endsWith('.json')) {
      hash.update(`${file}\n`).update(readText(root, file))
    }
  }
  return hash.digest('hex')
}
