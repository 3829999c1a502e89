import type { JournalRecord } from '@keyline/ledger/records'
import { describe, expect, it } from 'vitest'
import { crashLoopOf } from './crash-loop.ts'

const record = (type: JournalRecord['type'], seq: number): JournalRecord => ({
  seq,
  time: '2026-06-01T00:00:00.000Z',
  type,
  run: `run-${seq}`,
  data: {},
  hash: '0'.repeat(64),
})

const journal = (...types: readonly JournalRecord['type'][]) =>
  types.map((type, index) => record(type, index + 1))

describe('runs that died (fault matrix PROC-5)', () => {
  it.each([
    ['no run', [], 0, 0, false],
    ['a run that ended', ['open', 'intent', 'decided', 'close'], 0, 0, false],
    ['one that died', ['open', 'intent'], 1, 0, false],
    ['two that died', ['open', 'open', 'intent'], 2, 1000, false],
    ['four', ['open', 'open', 'open', 'open'], 4, 4000, false],
    ['five', ['open', 'open', 'open', 'open', 'open'], 5, 8000, true],
    [
      'five, the last of which made a unit',
      ['open', 'open', 'open', 'open', 'open', 'decided'],
      0,
      0,
      false,
    ],
    ['some before one that ended', ['open', 'open', 'open', 'close', 'open'], 1, 0, false],
  ] as const)('%s', (_, types, crashes, pauseMs, isSafeMode) => {
    expect(crashLoopOf(journal(...types))).toEqual({ crashes, pauseMs, isSafeMode })
  })

  it('make the next one wait a minute at most', () => {
    expect(crashLoopOf(journal(...Array<'open'>(40).fill('open'))).pauseMs).toBe(60_000)
  })
})
