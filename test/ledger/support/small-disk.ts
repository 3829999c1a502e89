import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file system of its own with a few megabytes. */
export interface SmallDisk extends Disposable {
  readonly folder: string
  /** Fills the disk until only this many octets are free. */
  leave(octets: number): void
  /** Nothing can be written any more. */
  makeReadOnly(): void
}

/**
 * Mounts a tmpfs: that needs root. Elsewhere the test says so and fails, with the command that helps.
 */
export function mountSmallDisk(megabytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'keyline-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], {
      stdio: 'pipe',
    })
  } catch (cause) {
    rmSync(folder, { recursive: true })
    const remedy = 'run the tests as root, or as: unshare --user --map-root-user --mount npm test'
    throw new Error(`this test mounts a small disk, which needs root; ${remedy}`, { cause })
  }
  const ballast = join(folder, 'ballast')
  return {
    folder,
    leave(octets) {
      writeFileSync(ballast, '')
      const { bavail, bsize } = statfsSync(folder)
      writeFileSync(ballast, new Uint8Array(Math.max(0, bavail * bsize - octets)))
    },
    makeReadOnly() {
      execFileSync('mount', ['-o', 'remount,ro', folder])
    },
    [Symbol.dispose]() {
      execFileSync('umount', [folder])
      rmSync(folder, { recursive: true })
    },
  }
}
