import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { exampleOf, runExample } from '../support/readme-example.ts'

it('the example of the README runs as it stands there', async () => {
  const example = await exampleOf('packages/ledger/README.md')
  const folder = await mkdtemp(join(tmpdir(), 'keyline-readme-'))
  try {
    const file = JSON.stringify(join(folder, 'ledger.db'))
    const code = example.replace(`'ledger.db'`, file)
    expect(code).not.toBe(example)
    expect(await runExample(code)).toBe('0 findings, 0 records\n')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
