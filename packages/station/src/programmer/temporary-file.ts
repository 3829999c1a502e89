import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Makes a folder that only this user can read, in memory where the system offers it, and removes it with all it holds,
 * however the work ends: an image may hold a private key.
 */
export async function inTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const isInMemory = await stat('/dev/shm').then(
    (entry) => entry.isDirectory(),
    () => false,
  )
  const folder = await mkdtemp(join(isInMemory ? '/dev/shm' : tmpdir(), 'keyline-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Writes a file into such a folder and gives its path. */
export async function temporaryFile(
  folder: string,
  name: string,
  octets: Uint8Array,
): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, octets, { mode: 0o600, flag: 'wx' })
  return path
}
