import type { JournalRecord } from '@keyline/ledger/records'

/** Runs that died one after the other before the station begins no other board. Source: fault matrix, row PROC-5. */
const crashLimit = 5

/** Longest pause before a run, milliseconds. */
const longestPauseMs = 60_000

export interface CrashLoop {
  /** Runs at the end of the journal that died without an end and without a verdict. */
  readonly crashes: number
  /** What a run waits before it begins: 0, 0, 1, 2, 4, … seconds. */
  readonly pauseMs: number
  /** True: only units that are open already may be worked on. */
  readonly isSafeMode: boolean
}

/** How the last runs of a station ended, by its journal. */
export function crashLoopOf(records: readonly JournalRecord[]): CrashLoop {
  let crashes = 0
  for (const { type } of records) {
    if (type === 'open') crashes++
    else if (type === 'close' || type === 'decided') crashes = 0
  }
  const pauseMs = crashes < 2 ? 0 : Math.min(longestPauseMs, 1000 * 2 ** (crashes - 2))
  return { crashes, pauseMs, isSafeMode: crashes >= crashLimit }
}
