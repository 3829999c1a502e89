import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { bundledProgram } from '../../../test/support/bundled-program.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

it('runs the example of the page, from nothing to a token', async () => {
  const page = readFileSync(join(root, 'packages/psa/README.md'), 'utf8')
  const [, example = ''] = /```ts\n([^]*?)```/.exec(page) ?? []
  const [, output = ''] = /```text\n(1 key[^]*?)```/.exec(page) ?? []
  const cache = join(root, '.cache')
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'readme-'))
  try {
    const file = join(folder, 'example.ts')
    writeFileSync(file, example)
    const args = [await bundledProgram(file)]
    const printed = execFileSync(process.execPath, args, { encoding: 'utf8', cwd: folder })
    // The signature of the certificate is DER: one or two octets shorter for some keys.
    const length = /\d+\n$/
    expect(printed.replace(length, '')).toBe(output.replace(length, ''))
    expect(Number(length.exec(printed)?.[0])).toBeGreaterThan(430)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
