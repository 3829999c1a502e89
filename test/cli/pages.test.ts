import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { requireProgram } from '../support/program.ts'

beforeAll(() => requireProgram({ command: 'openssl', debianPackage: 'openssl' }))

const program = resolve('packages/cli/bin/keyline.js')

/** The program of this tree, built by the set-up of the tests, in place of the installed one. Simulated boards need not take their time. */
const prelude = `
set -e
keyline() {
  [ "$1" = provision ] && set -- "$@" --fast
  '${process.execPath}' '${program}' "$@"
}
npx() { shift; keyline "$@"; }
`

/** The shell blocks of a page, but those that install. */
function shellOf(page: string): string {
  const blocks = readFileSync(resolve(page), 'utf8').matchAll(/```sh\n([^]*?)```/g)
  return [...blocks]
    .map(([, block = '']) => block)
    .filter((block) => block.includes('keyline '))
    .join('\n')
}

it.each([
  [
    'README.md',
    ['a commissioner accepts the device', 'slot 0 holds a key AES-128 CMAC', '0 wrong MACs'],
  ],
  [
    'docs/factory-data.md',
    ['3 rows: 3 written to batch, 0 failed', 'a commissioner accepts the device'],
  ],
] as const)('the commands of %s run as they are written', (page, results) => {
  const folder = mkdtempSync(join(tmpdir(), 'keyline-page-'))
  try {
    cpSync(resolve('examples'), join(folder, 'examples'), { recursive: true })
    const script = `${prelude}\n${shellOf(page)}`
    const { status, stdout, stderr } = spawnSync('sh', ['-c', script], {
      cwd: folder,
      encoding: 'utf8',
    })
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' })
    for (const result of results) expect(stdout).toContain(result)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
