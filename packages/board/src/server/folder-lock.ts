import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '@keyline/bytes'
import { BoardError } from '../errors.ts'

const retryMs = 20

/** Held by the one process that has the boards of a folder in its memory. */
export interface FolderLock {
  release(): void
}

/** Takes the lock of a bench folder, or says no. A lock whose process has ended is taken over. */
export function tryLockFolder(folder: string): FolderLock | undefined {
  const path = join(folder, 'bench.lock')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const descriptor = openSync(path, 'wx', 0o600)
      writeSync(descriptor, String(process.pid))
      closeSync(descriptor)
      return { release: () => rmSync(path, { force: true }) }
    } catch {
      if (isHeld(path)) return undefined
      rmSync(path, { force: true })
    }
  }
  return undefined
}

/** Waits for the lock. @throws BoardError `BOARD_BENCH_SERVER` after the time */
export async function lockFolder(folder: string, waitMs: number): Promise<FolderLock> {
  const deadline = systemClock.monotonicMs() + waitMs
  for (;;) {
    const lock = tryLockFolder(folder)
    if (lock !== undefined) return lock
    if (systemClock.monotonicMs() >= deadline) {
      throw new BoardError('BOARD_BENCH_SERVER', `the bench ${folder} is held by another process`)
    }
    await systemClock.sleep(retryMs)
  }
}

/** A lock without a number was just made, or its maker has ended before it wrote: held for now. */
function isHeld(path: string): boolean {
  try {
    const text = readFileSync(path, 'utf8')
    if (!/^\d+$/.test(text)) return true
    process.kill(Number(text), 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
