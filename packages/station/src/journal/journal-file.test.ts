import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { entry, HandClock, journalOctets, scriptedEntries } from '../testing/scripted-journal.ts'
import { Journal, type JournalEntry, type JournalPoint } from './journal-file.ts'
import { readJournal } from './journal-reader.ts'

/** In memory where the system offers it: the tests sync thousands of times. */
const disk = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

let folder: string
let path: string
let clock: HandClock
beforeEach(() => {
  folder = mkdtempSync(join(disk, 'keyline-journal-'))
  path = join(folder, 'journal.jsonl')
  clock = new HandClock()
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

type AtPoint = (point: JournalPoint, entry: JournalEntry) => void

function openJournal(atPoint?: AtPoint) {
  return Journal.open({ folder, clock, atPoint, reserveOctets: 64 })
}

describe('Journal', () => {
  it('writes the journal of version 1 octet by octet', async () => {
    const { journal, records } = await openJournal()
    expect(records).toEqual([])
    const start = clock.wallMs
    for (const [ms, scripted] of scriptedEntries) {
      clock.wallMs = start + ms
      await journal.append(scripted)
    }
    await journal.close()
    expect(readFileSync(path, 'utf8')).toBe(Buffer.from(journalOctets).toString('utf8'))
  })

  it('can be read by its owner alone', async () => {
    const { journal } = await openJournal()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await journal.close()
  })

  it('goes on behind what it holds', async () => {
    writeFileSync(path, journalOctets)
    const { journal, records } = await openJournal()
    expect(records).toHaveLength(4)
    await journal.append(entry('intent', 'bind'))
    await journal.close()
    const again = await openJournal()
    expect(again.records.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5])
    expect(again.records.at(-1)).toMatchObject({ type: 'intent', step: 'bind' })
    await again.journal.close()
  })

  it('goes on after a cut at any octet, and its chain holds', async () => {
    for (let length = 0; length <= journalOctets.length; length++) {
      const cut = journalOctets.subarray(0, length)
      writeFileSync(path, cut)
      const { journal, records } = await openJournal()
      const whole = cut.filter((octet) => octet === 0x0a).length
      expect(records, `${length} octets`).toHaveLength(whole)
      await journal.append(entry('outcome', 'ask'))
      await journal.close()
      const content = await readJournal(path)
      expect(content.records.slice(0, -1)).toEqual(records)
      expect(content.records.at(-1)).toMatchObject({ seq: whole + 1, step: 'ask' })
      expect(content.tornOctets).toBe(0)
    }
  })

  it('touches no journal that it refuses', async () => {
    const broken = journalOctets.with(20, 0x58)
    writeFileSync(path, broken)
    await expect(openJournal()).rejects.toMatchObject({ code: 'STATION_JOURNAL_BROKEN' })
    expect(Uint8Array.from(readFileSync(path))).toEqual(Uint8Array.from(broken))
  })

  it('says that the folder is missing', async () => {
    const options = { folder: join(folder, 'missing'), clock }
    await expect(Journal.open(options)).rejects.toMatchObject({ code: 'STATION_JOURNAL_FAILED' })
  })

  it('keeps its chain when the wall clock jumps', async () => {
    const { journal } = await openJournal()
    const day = 86_400_000
    for (const jump of [0, day, -2 * day, 3650 * day, -7300 * day, 0]) {
      clock.wallMs += jump
      await journal.append(entry('intent', 'bind'))
    }
    await journal.close()
    const { records, tornOctets } = await readJournal(path)
    expect(records).toHaveLength(6)
    expect(tornOctets).toBe(0)
  })

  it('names the octets that are free, and has room', async () => {
    const { journal } = await openJournal()
    expect(journal.freeOctets()).toBeGreaterThan(0)
    expect(journal.hasRoom).toBe(true)
    await journal.close()
    await expect(journal.append(entry('intent', 'bind'))).rejects.toMatchObject({
      code: 'STATION_JOURNAL_FAILED',
    })
    expect(journal.hasRoom).toBe(false)
  })
})

describe('records that are appended at the same time', () => {
  it('keep their order and share one sync', async () => {
    const points: string[] = []
    const { journal } = await openJournal((point, { step }) => points.push(`${point} ${step}`))
    const steps = Array.from({ length: 32 }, (_, index) => `step-${index}`)
    await Promise.all(steps.map((step) => journal.append(entry('intent', step))))
    await journal.close()
    expect(points).toEqual(
      ['before-write', 'after-write', 'after-sync'].flatMap((point) =>
        steps.map((step) => `${point} ${step}`),
      ),
    )
    const { records } = await readJournal(path)
    expect(records.map(({ step }) => step)).toEqual(steps)
  })

  it('keep the order of each slot when they come while others are written', async () => {
    const { journal } = await openJournal()
    const slots = Array.from({ length: 8 }, (_, slot) => slot)
    await Promise.all(
      slots.map(async (slot) => {
        for (let turn = 0; turn < 10; turn++) {
          await journal.append({ ...entry('intent', `step-${turn}`), slot })
        }
      }),
    )
    await journal.close()
    const { records } = await readJournal(path)
    expect(records).toHaveLength(80)
    for (const slot of slots) {
      const own = records.filter((record) => record.slot === slot)
      expect(own.map(({ step }) => step)).toEqual(own.map((_, turn) => `step-${turn}`))
    }
  })

  it('do not fall with one of them that has no canonical form', async () => {
    const { journal } = await openJournal()
    const [good, bad, other] = await Promise.allSettled([
      journal.append(entry('intent', 'first')),
      journal.append(entry('outcome', 'second', { ms: Number.NaN })),
      journal.append(entry('intent', 'third')),
    ])
    expect([good.status, bad.status, other.status]).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(bad).toMatchObject({ reason: { code: 'CANONICAL_JSON' } })
    await journal.append(entry('intent', 'fourth'))
    await journal.close()
    const { records } = await readJournal(path)
    expect(records.map(({ step }) => step)).toEqual(['first', 'third', 'fourth'])
  })
})

describe('a process that ends at a point of a record', () => {
  const points: readonly JournalPoint[] = ['before-write', 'after-write', 'after-sync']

  it('passes each point of each record once, in order', async () => {
    const passed: string[] = []
    const { journal } = await openJournal((point, { type }) => passed.push(`${type} ${point}`))
    for (const [, scripted] of scriptedEntries) await journal.append(scripted)
    await journal.close()
    const types = ['open', 'intent', 'outcome', 'decided']
    expect(passed).toEqual(types.flatMap((type) => points.map((point) => `${type} ${point}`)))
  })

  it.each([
    ['before-write', 1],
    ['after-write', 2],
    ['after-sync', 2],
  ] as const)('at %s leaves %i of two records', async (where, count) => {
    const crash = new Error('the process ends here')
    const { journal } = await openJournal((point, { step }) => {
      if (step === 'second' && point === where) throw crash
    })
    await journal.append(entry('intent', 'first'))
    await expect(journal.append(entry('intent', 'second'))).rejects.toThrow()
    const { records, tornOctets } = await readJournal(path)
    expect(records).toHaveLength(count)
    expect(tornOctets).toBe(0)
    await journal.close()
  })
})
