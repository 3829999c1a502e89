import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StationError } from '../errors.ts'

/** A lock that another process respects, kept as a file with the number of its process. */
export interface Lock {
  release(): Promise<void>
}

/** Locks of this process. A file with our own number that is not among them was left by a process before us. */
const held = new Set<string>()

/**
 * Takes the lock of a station, a probe or a port. A lock whose process is gone is taken over.
 * @throws StationError `STATION_BUSY` naming the process that holds it
 */
export async function takeLock(folder: string, name: string): Promise<Lock> {
  const path = join(folder, `${name.replace(/[^A-Za-z0-9._-]/g, '_')}.lock`)
  if (held.has(path)) throw busy(name, process.pid)
  held.add(path)
  try {
    await mkdir(folder, { recursive: true })
    await takeFile(path, name)
  } catch (error) {
    held.delete(path)
    throw error
  }
  let isHeld = true
  return {
    release: async () => {
      if (!isHeld) return
      isHeld = false
      await unlink(path).catch(() => undefined)
      held.delete(path)
    },
  }
}

async function takeFile(path: string, name: string): Promise<void> {
  const own = `${path}.${randomUUID()}`
  // A lock appears with its content: nobody ever sees one without its process.
  await writeFile(own, `${process.pid}\n`, { mode: 0o600 })
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      if (await tryLink(own, path)) return
      const holder = livingProcess(await readText(path))
      if (holder !== undefined) throw busy(name, holder)
      if (await takeOver(own, path, name)) return
    }
  } finally {
    await unlink(own).catch(() => undefined)
  }
  throw new StationError('STATION_BUSY', `${name} is taken by others again and again`)
}

/** Replaces a dead lock. Of several that find it, only the one with the guard looks again and acts. */
async function takeOver(own: string, path: string, name: string): Promise<boolean> {
  const guard = `${path}.guard`
  if (!(await tryLink(own, guard))) {
    const text = await readText(guard)
    const holder = livingProcess(text)
    if (holder !== undefined) throw busy(name, holder)
    if (text !== undefined) await unlink(guard).catch(() => undefined)
    return false
  }
  try {
    if (livingProcess(await readText(path)) !== undefined) return false
    await rename(own, path)
    return true
  } finally {
    await unlink(guard)
  }
}

/** The living process behind a lock; none when it died, or when its disk was full. */
function livingProcess(text: string | undefined): number | undefined {
  const pid = Number.parseInt(text ?? '', 10)
  if (!(pid > 0) || pid === process.pid) return undefined
  try {
    process.kill(pid, 0)
    return pid
  } catch (error) {
    return isCode(error, 'EPERM') ? pid : undefined
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined
    throw error
  }
}

function busy(name: string, pid: number): StationError {
  return new StationError('STATION_BUSY', `${name} is in use by process ${pid}`)
}

/** Gives the file a second name. False when the name is taken. */
async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false
    throw error
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
