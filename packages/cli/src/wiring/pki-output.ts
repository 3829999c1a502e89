import { link, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemRandom, toHex } from '@keyline/bytes'
import { CliError } from '../errors.ts'

export interface FileToWrite {
  readonly path: string
  readonly content: Uint8Array | string
  /** True for a key: mode 0600, and not in place of another file unless `isReplaceable`. */
  readonly isSecret?: boolean | undefined
  /** A secret that is made again from its source, and may take the place of its older self. */
  readonly isReplaceable?: boolean | undefined
}

/**
 * Writes a file that is whole or not there: beside its place first, on the disk, then under its name.
 * @throws CliError `CLI_FILE`, `CLI_EXISTS` for a secret whose file exists
 */
export async function writeWhole(file: FileToWrite): Promise<void> {
  const { path, isSecret = false, isReplaceable = !isSecret } = file
  if (await place(file, isReplaceable ? 'replace' : 'new')) return
  throw new CliError('CLI_EXISTS', `${path} exists`)
}

/** Writes a file under a name that nobody has; false when someone was first. @throws CliError `CLI_FILE` */
export function writeOnce(file: FileToWrite): Promise<boolean> {
  return place(file, 'new')
}

async function place(file: FileToWrite, how: 'new' | 'replace'): Promise<boolean> {
  const { path, content, isSecret = false } = file
  const beside = `${path}.${toHex(systemRandom.bytes(8))}.part`
  try {
    await mkdir(dirname(path), { recursive: true })
    const handle = await open(beside, 'wx', isSecret ? 0o600 : 0o644)
    try {
      await handle.writeFile(content)
      await handle.sync()
    } finally {
      await handle.close()
    }
    if (how === 'replace') {
      await rename(beside, path)
      return true
    }
    // A link refuses where the name is taken, also by one who came a moment before.
    await link(beside, path)
  } catch (cause) {
    if (isNameTaken(cause)) return false
    throw new CliError('CLI_FILE', `${path} cannot be written`, { cause })
  } finally {
    await rm(beside, { force: true }).catch(() => undefined)
  }
  return true
}

function isNameTaken(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === 'EEXIST' &&
    'syscall' in error &&
    error.syscall === 'link'
  )
}
