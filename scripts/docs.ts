import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { madePages } from './docs/pages.ts'
import { root } from './root.ts'

const isCheck = process.argv.includes('--check')

for (const { path, present, wanted } of await madePages(root)) {
  if (present === wanted) {
    process.stdout.write(`${path} is up to date\n`)
  } else if (isCheck) {
    process.stdout.write(`${path} is not what the sources say; run: npm run docs\n`)
    process.exitCode = 1
  } else {
    writeFileSync(join(root, path), wanted)
    process.stdout.write(`${path} written\n`)
  }
}
