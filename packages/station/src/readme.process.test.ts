import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { bundledProgram } from '../../../test/support/bundled-program.ts'

const room = fileURLToPath(new URL('../', import.meta.url))

it('the example of the README runs as it stands there', async () => {
  const page = readFileSync(join(room, 'README.md'), 'utf8')
  const example = /```ts\n([^]*?)```/.exec(page)?.[1] ?? ''
  const cache = join(room, '../../.cache')
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'readme-'))
  try {
    const file = join(folder, 'example.ts')
    writeFileSync(file, example)
    const args = [await bundledProgram(file)]
    const run = () => spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
    const first = run()
    expect(first.stderr).toBe('')
    expect(first.stdout).toMatch(
      /^check-port - .*\n(.*\n){8}attest - .*\n0 records; QUARANTINE - no ev/,
    )
    expect(run().stdout).toMatch(/\n1 records; QUARANTINE/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
