import { rename, writeFile } from 'node:fs/promises'
import { StationError } from '../errors.ts'

export interface FileOptions {
  /** Rights of the file; 0o600 where it holds a secret. */
  readonly mode?: number | undefined
}

type Content = string | Uint8Array

/**
 * Writes a file of the results. @throws StationError `STATION_DISK_FULL`, `STATION_RESULTS`
 */
export async function writeResult(
  path: string,
  content: Content,
  options: FileOptions = {},
): Promise<void> {
  try {
    await writeFile(path, content, { mode: options.mode ?? 0o644 })
  } catch (cause) {
    throw resultError(path, cause)
  }
}

/**
 * Writes a file whole or not at all: beside it, then renamed over it. It is not synced: after a power cut the next
 * run writes it again from the ledger.
 */
export async function writeWhole(
  path: string,
  content: Content,
  options: FileOptions = {},
): Promise<void> {
  const beside = `${path}.part`
  await writeResult(beside, content, options)
  try {
    await rename(beside, path)
  } catch (cause) {
    throw resultError(path, cause)
  }
}

function resultError(path: string, cause: unknown): StationError {
  const isFull = cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC'
  const code = isFull ? 'STATION_DISK_FULL' : 'STATION_RESULTS'
  return new StationError(code, `${path} could not be written`, { cause })
}
