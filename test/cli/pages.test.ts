import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { builtPrograms } from '../support/bundled-program.ts'
import { freePort } from '../support/free-port.ts'
import { requireProgram } from '../support/program.ts'

beforeAll(() => requireProgram({ command: 'openssl', debianPackage: 'openssl' }))

/**
 * The program of this tree, built by the set-up of the tests, in place of the installed one. Simulated boards need not
 * take their time; a server goes on in the background once it listens, until the script ends.
 */
const prelude = `
set -e
program() { '${process.execPath}' '${builtPrograms.keyline}' "$@"; }
serve() {
  mkfifo said
  '${process.execPath}' '${builtPrograms.keyline}' "$@" > said 2> log &
  trap "kill $!; wait $! || true" EXIT
  exec 3< said
  read -r line <&3
  echo "$line"
}
keyline() {
  case $1 in
    serve) serve "$@" ;;
    provision) program "$@" --fast ;;
    *) program "$@" ;;
  esac
}
npx() { shift; keyline "$@"; }
`

/** The shell blocks of a page, but those that install. */
function shellOf(page: string): string {
  return shellIn(readFileSync(resolve(page), 'utf8'))
}

function shellIn(text: string): string {
  const blocks = text.matchAll(/```sh\n([^]*?)```/g)
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
  const stdout = runScript(`${prelude}\n${shellOf(page)}`)
  for (const result of results) expect(stdout).toContain(result)
})

it('the commands of docs/deploy.md for a line run as they are written, on a free port', async () => {
  const page = readFileSync(resolve('docs/deploy.md'), 'utf8')
  const [, section = ''] = /\n## Line[^\n]*\n([^]*?)\n## /.exec(page) ?? []
  const commands = shellIn(section).replaceAll('8443', String(await freePort()))
  const stdout = runScript(`${prelude}\n${commands}`)
  expect(stdout).toMatch(/listening on https:\/\/127\.0\.0\.1:\d+, policy test/)
  expect(stdout).toContain('8 PASS')
})

/** Runs a script in a folder with the examples, and gives its output. */
function runScript(script: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'keyline-page-'))
  try {
    cpSync(resolve('examples'), join(folder, 'examples'), { recursive: true })
    const { status, stdout, stderr } = spawnSync('sh', ['-c', script], {
      cwd: folder,
      encoding: 'utf8',
    })
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' })
    return stdout
  } finally {
    rmSync(folder, { recursive: true })
  }
}
