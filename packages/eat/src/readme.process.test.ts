import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { bundledProgram } from '../../../test/support/bundled-program.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

it('runs the example of the page, which prints what the page says', async () => {
  const page = readFileSync(join(root, 'packages/eat/README.md'), 'utf8')
  const [, example = ''] = /```ts\n([^]*?)```/.exec(page) ?? []
  const [, printed = ''] = /```\n\n```text\n([^]*?)```/.exec(page) ?? []
  const cache = join(root, '.cache')
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'readme-'))
  try {
    const file = join(folder, 'example.ts')
    writeFileSync(file, example)
    const args = [await bundledProgram(file)]
    const output = execFileSync(process.execPath, args, { encoding: 'utf8' })
    expect(printed).not.toBe('')
    expect(output).toBe(printed)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
