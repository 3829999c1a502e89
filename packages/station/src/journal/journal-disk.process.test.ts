import { spawnSync } from 'node:child_process'
import fs, { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseJson, systemClock } from '@keyline/bytes'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { bundledProgram } from '../../../../test/support/bundled-program.ts'
import { entry } from '../testing/scripted-journal.ts'
import { Journal } from './journal-file.ts'
import { readJournal } from './journal-reader.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-disk-'))
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

function openJournal() {
  return Journal.open({ folder, clock: systemClock, reserveOctets: 4096 })
}

/** What every open file inherits, so that a test can stand between the journal and the disk. */
async function fileLayer(): Promise<FileHandle> {
  const file = await open(join(folder, 'any'), 'w')
  await file.close()
  const layer: FileHandle = Object.getPrototypeOf(file)
  return layer
}

function failing(code: string): () => never {
  return () => {
    throw systemError(code)
  }
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: as the test wants`), { code })
}

describe('a journal whose disk fails', () => {
  it.each(['EIO', 'ENOSPC', 'EDQUOT'])(
    'in a sync with %s accepts nothing more, and never syncs again',
    async (code) => {
      const { journal } = await openJournal()
      await journal.append(entry('intent', 'first'))
      const sync = vi.spyOn(fs, 'fdatasyncSync').mockImplementationOnce(failing(code))
      const refused = { code: 'STATION_JOURNAL_FAILED', fault: 'infrastructure' }
      await expect(journal.append(entry('intent', 'second'))).rejects.toMatchObject({
        ...refused,
        cause: { code },
      })
      await expect(journal.append(entry('intent', 'third'))).rejects.toMatchObject(refused)
      expect(sync).toHaveBeenCalledTimes(1)
      expect(journal.hasRoom).toBe(false)
      await journal.close()
      const { records } = await readJournal(join(folder, 'journal.jsonl'))
      expect(records.map(({ step }) => step)).toEqual(['first', 'second'])
    },
  )

  it('in a write accepts nothing more, and keeps what it had', async () => {
    const { journal } = await openJournal()
    await journal.append(entry('intent', 'first'))
    const write = vi.spyOn(fs, 'writeSync').mockImplementationOnce(failing('EIO'))
    const both = await Promise.allSettled([
      journal.append(entry('intent', 'second')),
      journal.append(entry('intent', 'third')),
    ])
    const refused = { status: 'rejected', reason: { code: 'STATION_JOURNAL_FAILED' } }
    expect(both).toMatchObject([refused, refused])
    await expect(journal.append(entry('intent', 'fourth'))).rejects.toMatchObject(refused.reason)
    expect(write).toHaveBeenCalledTimes(1)
    await journal.close()
    const again = await openJournal()
    expect(again.records.map(({ step }) => step)).toEqual(['first'])
    await again.journal.append(entry('intent', 'second'))
    await again.journal.close()
  })

  it.each(['ENOSPC', 'EDQUOT'])(
    'in a write with %s takes the reserve, once, and says that no room is left',
    async (code) => {
      const { journal } = await openJournal()
      expect(readdirSync(folder)).toContain('journal.reserve')
      const write = vi.spyOn(fs, 'writeSync')
      write.mockImplementationOnce(failing(code))
      await journal.append(entry('outcome', 'first'))
      expect(journal.hasRoom).toBe(false)
      expect(readdirSync(folder)).not.toContain('journal.reserve')
      await journal.append(entry('outcome', 'second'))
      write.mockImplementationOnce(failing(code))
      await expect(journal.append(entry('outcome', 'third'))).rejects.toMatchObject({
        code: 'STATION_JOURNAL_FAILED',
      })
      await journal.close()
      const { records } = await readJournal(join(folder, 'journal.jsonl'))
      expect(records.map(({ step }) => step)).toEqual(['first', 'second'])
    },
  )

  it.each([
    ['ENOSPC', 'STATION_DISK_FULL'],
    ['EIO', 'STATION_JOURNAL_FAILED'],
  ])('with %s while it is opened gives %s and leaves nothing open', async (code, expected) => {
    const sync = vi.spyOn(await fileLayer(), 'sync').mockRejectedValueOnce(systemError(code))
    await expect(openJournal()).rejects.toMatchObject({ code: expected })
    expect(sync.mock.contexts[0]).toHaveProperty('fd', -1)
    expect(readdirSync(folder)).not.toContain('journal.reserve')
  })
})

const source = fileURLToPath(new URL('../testing/fill-journal.ts', import.meta.url))
const node = [process.execPath, await bundledProgram(source)]

/** Fills a journal in a shell that has been prepared, and tells what became of it. */
function fill(shell: readonly string[], preparation: string, reserveOctets: number) {
  const script = `${preparation}; shift; exec "$@"`
  const { status, stdout, stderr } = spawnSync(
    'env',
    [...shell, 'sh', '-ec', script, 'sh', folder, ...node, folder, String(reserveOctets)],
    { encoding: 'utf8' },
  )
  if (status !== 0) {
    const remedy = 'run it as root, or after: sudo sysctl kernel.unprivileged_userns_clone=1'
    throw new Error(`this test needs "${preparation}"; ${remedy}\n${stderr}`)
  }
  const filled = parseJson(stdout, 'what became of the journal')
  const members = new Map(Object.entries(filled ?? {}))
  return { filled, count: (name: string): number => Number(members.get(name)) }
}

describe('a journal on a disk', () => {
  it('that is full uses its reserve for the last records, then stops, and refuses to begin anew', () => {
    // A file system that no other process sees and that ends with the process.
    const isolate = process.getuid?.() === 0 ? ['unshare', '-m'] : ['unshare', '-Urm']
    const mount = 'mount -t tmpfs -o size=256k none "$1"'
    const { filled, count } = fill(isolate, mount, 65_536)
    expect(filled).toMatchObject({
      refusals: ['STATION_JOURNAL_FAILED', 'STATION_JOURNAL_FAILED'],
      hasRoom: false,
      reopened: 'STATION_DISK_FULL',
    })
    expect(count('withRoom')).toBeGreaterThan(100)
    expect(count('fromReserve')).toBeGreaterThan(60)
    expect(count('kept')).toBe(count('withRoom') + count('fromReserve'))
  })

  it('with a limit of the size of files stops and keeps every record that it acknowledged', () => {
    const { filled, count } = fill([], 'ulimit -f 64', 4096)
    expect(filled).toMatchObject({
      fromReserve: 0,
      refusals: ['STATION_JOURNAL_FAILED', 'STATION_JOURNAL_FAILED'],
      hasRoom: false,
      reopened: 'open',
    })
    expect(count('withRoom')).toBeGreaterThan(50)
    expect(count('kept')).toBe(count('withRoom'))
  })
})
