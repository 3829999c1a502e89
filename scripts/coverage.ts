import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './root.ts'
import { runSuite } from './suite.ts'
import { tallyLine } from './tally.ts'
import { endToolsOnSignal } from './tool.ts'

const [name = ''] = process.argv.slice(2)
const folder = `packages/${name.replace('@keyline/', '')}`

if (name === '' || !existsSync(join(root, folder))) {
  process.stderr.write('usage: npm run coverage -- PACKAGE\n')
  process.exitCode = 2
} else {
  endToolsOnSignal()
  const tally = await runSuite({
    args: [
      folder,
      '--coverage.enabled',
      '--coverage.provider=v8',
      `--coverage.include=${folder}/src/**/*.ts`,
      '--coverage.exclude=**/*.test.ts',
      '--coverage.reporter=text',
      '--coverage.reportOnFailure',
    ],
  })
  process.stdout.write(`${tallyLine(tally)}\n`)
  process.exitCode = tally.failed === 0 ? 0 : 1
}
