import { mkdir, open, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { StationError } from '../errors.ts'

/** A lock that another process respects, kept as a file with the number of its process. */
export interface Lock {
  release(): Promise<void>
}

/**
 * Takes the lock of a station, a probe or a port. A lock whose process is gone is taken over.
 * @throws StationError `STATION_BUSY` naming the process that holds it
 */
export async function takeLock(folder: string, name: string): Promise<Lock> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, `${name.replace(/[^A-Za-z0-9._-]/g, '_')}.lock`)
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const file = await open(path, 'wx', 0o600)
      await file.write(`${process.pid}\n`)
      await file.close()
      return { release: () => unlink(path).catch(() => undefined) }
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error
      const holder = await holderOf(path)
      if (holder !== undefined) {
        throw new StationError('STATION_BUSY', `${name} is in use by process ${holder}`)
      }
      await unlink(path).catch(() => undefined)
    }
  }
  throw new StationError('STATION_BUSY', `${name} is taken by others again and again`)
}

/** The living process behind a lock. A process that died between making and filling the file holds nothing. */
async function holderOf(path: string): Promise<number | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const pid = Number.parseInt(text, 10)
  if (!Number.isInteger(pid)) return undefined
  try {
    process.kill(pid, 0)
    return pid
  } catch (error) {
    return isCode(error, 'EPERM') ? pid : undefined
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
