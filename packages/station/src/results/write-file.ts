import { open, rename } from 'node:fs/promises'
import { StationError } from '../errors.ts'

export interface FileOptions {
  /** Rights of the file; 0o600 where it holds a secret. */
  readonly mode?: number | undefined
}

/** Writes a file whole or not at all: beside it, synced, then renamed over it. */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  options: FileOptions = {},
): Promise<void> {
  const beside = `${path}.part`
  try {
    const file = await open(beside, 'w', options.mode ?? 0o644)
    try {
      await file.writeFile(content)
    } finally {
      await file.close()
    }
    await rename(beside, path)
  } catch (cause) {
    const isFull = cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC'
    const code = isFull ? 'STATION_DISK_FULL' : 'STATION_JOURNAL_FAILED'
    throw new StationError(code, `${path} could not be written`, { cause })
  }
}
