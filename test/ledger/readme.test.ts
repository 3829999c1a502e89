import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

it('the example of the README runs as it stands there', async () => {
  const page = await readFile(join(root, 'packages/ledger/README.md'), 'utf8')
  const example = /```ts\n([^]*?)```/.exec(page)?.[1] ?? ''
  const folder = await mkdtemp(join(tmpdir(), 'keyline-readme-'))
  try {
    const file = JSON.stringify(join(folder, 'ledger.db'))
    const code = example.replace(`'ledger.db'`, file)
    expect(code).not.toBe(example)
    const args = ['--conditions=source', '--import', 'tsx', '--input-type=module', '--eval', code]
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root })
    expect(stdout).toBe('0 findings, 0 records\n')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
