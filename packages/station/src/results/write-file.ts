import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { StationError } from '../errors.ts'

export interface FileOptions {
  /** Rights of the file; 0o600 where it holds a secret. */
  readonly mode?: number | undefined
}

type Content = string | Uint8Array

/** Makes a folder of the results, with those above it. @throws StationError `STATION_DISK_FULL`, `STATION_RESULTS` */
export function makeResultFolder(path: string): void {
  orRefuse(path, () => mkdirSync(path, { recursive: true }))
}

/**
 * Writes a file of the results. It is done on this thread: the files are small, and handing each step of one to the
 * thread pool costs many times the write.
 * @throws StationError `STATION_DISK_FULL`, `STATION_RESULTS`
 */
export function writeResult(path: string, content: Content, options: FileOptions = {}): void {
  orRefuse(path, () => writeFileSync(path, content, { mode: options.mode ?? 0o644 }))
}

/**
 * Writes a file whole or not at all: beside it, then renamed over it. It is not synced: after a power cut the next
 * run writes it again from the ledger.
 */
export function writeWhole(path: string, content: Content, options: FileOptions = {}): void {
  const beside = `${path}.part`
  writeResult(beside, content, options)
  orRefuse(path, () => renameSync(beside, path))
}

/** Removes a file or folder of the results; one that is not there is removed already. */
export function removeResult(path: string): void {
  orRefuse(path, () => rmSync(path, { recursive: true, force: true }))
}

function orRefuse(path: string, act: () => void): void {
  try {
    act()
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    const isFull = code === 'ENOSPC' || code === 'EDQUOT'
    const refusal = isFull ? 'STATION_DISK_FULL' : 'STATION_RESULTS'
    throw new StationError(refusal, `${path} could not be written`, { cause })
  }
}
