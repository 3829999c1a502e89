import { readFileSync } from 'node:fs'
import type { Clock } from '@keyline/bytes'
import type { JournalEntry } from '../journal/journal-file.ts'

/** A journal of version 1 as it was written once, with hashes that another program has computed. */
export const journalOctets: Uint8Array = readFileSync(new URL('journal-v1.jsonl', import.meta.url))

/** What the station wrote down, and when, in milliseconds behind the first record. */
export const scriptedEntries: readonly (readonly [number, JournalEntry])[] = [
  [0, { type: 'open', run: 'run-1', order: 'order-1', data: { version: 1, slots: 2 } }],
  [1250, entry('intent', 'exchange', {})],
  [2500, entry('outcome', 'exchange', { ms: 1250, evidence: 'request:ok chain:ok' })],
  [2750, entry('decided', 'decide', { verdict: 'PASS', reason: 'complete' })],
]

/** A record of a unit. */
export function entry(
  type: JournalEntry['type'],
  step: string,
  data: JournalEntry['data'] = {},
): JournalEntry {
  return { type, step, data, run: 'run-1', order: 'order-1', unit: 'unit-1', slot: 1 }
}

/** A clock whose wall time is set by hand, and jumps as it is told. */
export class HandClock implements Clock {
  wallMs = Date.UTC(2026, 5, 1)

  now(): number {
    return this.wallMs
  }

  monotonicMs(): number {
    return 0
  }

  sleep(): Promise<void> {
    return Promise.resolve()
  }

  during<T>(work: () => Promise<T>): Promise<T> {
    return work()
  }
}
