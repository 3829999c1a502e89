import { spawnSync } from 'node:child_process'

/** A program of the operating system that a test needs, and the Debian package that holds it. */
export interface SystemProgram {
  readonly command: string
  readonly debianPackage: string
}

/**
 * Makes sure that a program is there: installs its package where the test may (Debian, as root),
 * and otherwise fails with the exact command. A test never goes without its program in silence.
 */
export function requireProgram({ command, debianPackage }: SystemProgram): void {
  if (isInstalled(command)) return
  const install = ['apt-get', 'install', '--yes', '--no-install-recommends', debianPackage]
  if (process.getuid?.() === 0 && isInstalled('apt-get')) {
    if (!run(install) && run(['apt-get', 'update'])) run(install)
    if (isInstalled(command)) return
  }
  throw new Error(`this test needs the program ${command}; run: sudo ${install.join(' ')}`)
}

function isInstalled(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v "$0"`, command], { stdio: 'ignore' }).status === 0
}

function run([command = '', ...args]: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return spawnSync(command, args, { env, stdio: 'ignore', timeout: 300_000 }).status === 0
}
