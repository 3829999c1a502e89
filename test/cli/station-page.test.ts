import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../../scripts/root.ts'
import { builtPrograms } from '../support/bundled-program.ts'

/**
 * The programs of this tree in place of the installed ones. The simulated boards are served in the background, as in a
 * terminal of their own, and need not take their time.
 */
const prelude = `
set -e
bench() { '${process.execPath}' '${join(root, 'packages/board/bin/keyline-bench.js')}' "$@"; }
serve() {
  mkfifo said
  '${process.execPath}' '${join(root, 'packages/board/bin/keyline-bench.js')}' "$@" --timing none > said &
  trap "kill $!; wait $! || true" EXIT
  exec 3< said
  while read -r line <&3 && [ "$line" != ready ]; do :; done
}
npx() {
  program=$1
  shift
  case "$program $1" in
    'keyline-bench serve') serve "$@" ;;
    'keyline-bench '*) bench "$@" ;;
    'genFactoryData '*) '${process.execPath}' '${builtPrograms.genFactoryData}' "$@" ;;
    *) '${process.execPath}' '${builtPrograms.keyline}' "$@" ;;
  esac
}
`

it('the rehearsal of docs/station.md runs as it is written', () => {
  const page = readFileSync(resolve('docs/station.md'), 'utf8')
  const commands = [...page.matchAll(/```sh\n([^]*?)```/g)].map(([, block = '']) => block)
  expect(commands).toHaveLength(3)
  const folder = mkdtempSync(join(tmpdir(), 'keyline-page-'))
  try {
    cpSync(resolve('examples'), join(folder, 'examples'), { recursive: true })
    const script = [prelude, ...commands].join('\n')
    const { status, stdout, stderr } = spawnSync('sh', ['-c', script], {
      cwd: folder,
      encoding: 'utf8',
    })
    expect({ status }, `${stdout}${stderr}`).toEqual({ status: 0 })
    expect(stdout).toMatch(
      /1 of 1 boards passed[^]*■ QUARANTINE[^]*exit code 3[^]*resumed on probe SIM000000002[^]*● PASS[^]*verdict +● PASS/,
    )
    expect(readFileSync(join(folder, 'labels/EX-000001.svg'), 'utf8')).toContain('<svg')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
