import { chmodSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const memory = '/dev/shm'
const mostOctets = 2 * 1024 ** 3

/**
 * Where the temporary files of a test run go: into a folder in memory where there is room, and away with it at the end
 * of this process; otherwise, or when `TMPDIR` says so, to where they always go. A line waits for the disk at each
 * record, and no test ends the machine: memory outlives every process that is killed here.
 */
export function temporaryRoot(): string {
  if ((process.env['TMPDIR'] ?? '') !== '' || !hasRoomInMemory()) return tmpdir()
  const folder = mkdtempSync(join(memory, 'keyline-tests-'))
  // A database server of a test runs as another user: it may pass through, not look around.
  chmodSync(folder, 0o711)
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function hasRoomInMemory(): boolean {
  try {
    const { bavail, bsize } = statfsSync(memory)
    return bavail * bsize >= mostOctets && mayExecute()
  } catch {
    return false
  }
}

/** The browser is unpacked there and started. */
function mayExecute(): boolean {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n')
  const [, , , options = 'noexec'] =
    mounts.findLast((line) => line.split(' ')[1] === memory)?.split(' ') ?? []
  return !options.split(',').includes('noexec')
}
