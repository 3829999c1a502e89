import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { exampleOf, runExample } from '../../../test/support/readme-example.ts'

const readme = fileURLToPath(new URL('../README.md', import.meta.url))

it('runs the example of the page, which prints what the page says', async () => {
  const page = await readFile(readme, 'utf8')
  const [, printed = ''] = /```\n\n```text\n([^]*?)```/.exec(page) ?? []
  expect(printed).not.toBe('')
  expect(await runExample(await exampleOf('packages/verifier/README.md'))).toBe(printed)
})
