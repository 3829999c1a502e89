import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { bundledProgram } from '../../../test/support/bundled-program.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

it('runs the example of the page', async () => {
  const page = readFileSync(join(root, 'packages/matter/README.md'), 'utf8')
  const [, example = ''] = /```ts\n([^]*?)```/.exec(page) ?? []
  const cache = join(root, '.cache')
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'readme-'))
  try {
    const file = join(folder, 'example.ts')
    writeFileSync(file, example)
    const args = [await bundledProgram(file)]
    const [findings, code] = execFileSync(process.execPath, args, { encoding: 'utf8' }).split('\n')
    expect(findings).toMatch(/^203 \[ 'FD-041'(?:, 'FD-051'){4} \]$/)
    expect(code).toMatch(/^MT:[0-9A-Z.-]{19}$/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
