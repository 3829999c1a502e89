import { writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '@keyline/bytes'
import { chainLine, chainStart } from '@keyline/ledger/records'
import { requireSoundRuns } from '../../packages/cli/src/wiring/crash-loop.ts'
import { homeAt } from '../../packages/cli/src/wiring/home.ts'
import { homeOf, runTestLine, temporaryFolder } from '../support/line.ts'

/** A journal of so many runs that died right after their start. */
async function journalOfDeaths(folder: string, count: number): Promise<void> {
  const journal = join(homeOf(folder), 'journal')
  await mkdir(journal, { recursive: true })
  let [lines, hash] = ['', chainStart]
  for (let seq = 1; seq <= count; seq++) {
    const record = { type: 'open', run: `run-${seq}`, data: { version: 1, slots: 1 }, seq }
    const chained = chainLine(hash, { ...record, time: '2026-06-01T00:00:00.000Z' })
    lines += `${chained.line}\n`
    hash = chained.hash
  }
  writeFileSync(join(journal, 'journal.jsonl'), lines)
}

/** How long a run waits before it begins, and what it says. */
async function begin(folder: string, resume = false) {
  const clock = new VirtualClock()
  const said: string[] = []
  const onlyOpen = await requireSoundRuns(homeAt(homeOf(folder)), {
    clock,
    signal: new AbortController().signal,
    resume,
    onWarning: (text) => void said.push(text),
  })
  return { waitedMs: clock.monotonicMs(), said, onlyOpen }
}

describe('a station that dies over and over (fault matrix PROC-5)', () => {
  it.each([
    [0, 0],
    [1, 0],
    [2, 1000],
    [4, 4000],
  ])('after %i deaths waits %i ms before it begins', async (deaths, waitedMs) => {
    await using folder = await temporaryFolder()
    await journalOfDeaths(folder.path, deaths)
    const begun = await begin(folder.path)
    expect(begun).toMatchObject({ waitedMs, onlyOpen: false })
    expect(begun.said).toHaveLength(waitedMs === 0 ? 0 : 1)
  })

  it('after five begins no board and says why; what is open may still be finished', async () => {
    await using folder = await temporaryFolder()
    await journalOfDeaths(folder.path, 5)
    await expect(begin(folder.path)).rejects.toMatchObject({
      code: 'STATION_CRASH_LOOP',
      message: expect.stringContaining('the last 5 runs'),
      remedy: expect.stringContaining('--resume'),
    })
    expect(await begin(folder.path, true)).toMatchObject({ waitedMs: 8000, onlyOpen: true })
  })

  it('then finishes the open unit alone', async () => {
    await using folder = await temporaryFolder()
    const stop = new AbortController()
    const order = { folder: folder.path, quantity: 3 }
    await runTestLine({
      ...order,
      signal: stop.signal,
      onEvent: (event) => {
        if (event.type === 'step-started' && event.step === 'read-back') stop.abort()
      },
    })
    const run = await runTestLine({ ...order, resume: true, run: { onlyOpen: true } })
    expect(run.summary).toMatchObject({ pass: 1, remaining: 2 })
  })
})
