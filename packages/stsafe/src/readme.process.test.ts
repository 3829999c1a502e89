import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { bundledProgram } from '../../../test/support/bundled-program.ts'

const room = fileURLToPath(new URL('..', import.meta.url))

it('runs the example of the page and prints what the page says', async () => {
  const page = readFileSync(join(room, 'README.md'), 'utf8')
  const [, example = ''] = /```ts\n([^]*?)```/.exec(page) ?? []
  const [, printed = ''] = /```text\n(be4c[^]*?)```/.exec(page) ?? []
  const cache = join(room, '../../.cache')
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'readme-'))
  try {
    const file = join(folder, 'example.ts')
    writeFileSync(file, example)
    const args = [await bundledProgram(file)]
    expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toBe(printed)
    expect(printed).not.toBe('')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
