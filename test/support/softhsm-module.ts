import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const usualPlaces = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/usr/lib64/softhsm/libsofthsm2.so',
  '/usr/lib/pkcs11/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
]

const cache = resolve(import.meta.dirname, '../../.cache/softhsm')
const module = join(cache, 'usr/lib/softhsm/libsofthsm2.so')
const debianPackage = 'libsofthsm2'

/** Fetches SoftHSM where it is missing: once, before tests run beside each other. */
export function fetchSofthsm(): void {
  if (process.env['KEYLINE_WITHOUT_HSM'] === '1' || process.env['SOFTHSM2_MODULE']) return
  if (atHand() === undefined && !unpacked()) installed()
}

function atHand(): string | undefined {
  return [...usualPlaces, module].find(existsSync)
}

/** Path of SoftHSM's module. @throws Error with the remedy */
export function softhsmModule(): string {
  const named = process.env['SOFTHSM2_MODULE']
  if (named !== undefined && named !== '') {
    if (existsSync(named)) return named
    throw new Error(`SOFTHSM2_MODULE names ${named}, which is not there`)
  }
  const found = atHand()
  if (found !== undefined) return found
  throw new Error(
    'these tests need SoftHSM 2: run `apt-get install softhsm2` (Fedora: dnf, macOS: brew install softhsm), ' +
      'or set SOFTHSM2_MODULE to libsofthsm2.so; KEYLINE_WITHOUT_HSM=1 leaves them out',
  )
}

/** Any user of a Debian may download a package and unpack it; what is half unpacked has another name. */
function unpacked(): boolean {
  const beside = `${cache}-${process.pid}`
  mkdirSync(beside, { recursive: true })
  try {
    const download = ['apt-get', 'download', debianPackage]
    if (!run(download, beside) && run(['apt-get', 'update'], beside)) run(download, beside)
    const file = readdirSync(beside).find((name) => name.endsWith('.deb'))
    if (file === undefined || !run(['dpkg', '-x', file, '.'], beside)) return false
    renameSync(beside, cache)
    return existsSync(module)
  } finally {
    rmSync(beside, { recursive: true, force: true })
  }
}

function installed(): void {
  if (process.getuid?.() !== 0) return
  run(['apt-get', 'install', '--yes', '--no-install-recommends', debianPackage], tmpdir())
}

/** True when the command ended well. */
function run([command = '', ...args]: readonly string[], cwd: string): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return spawnSync(command, args, { cwd, env, stdio: 'ignore', timeout: 300_000 }).status === 0
}
