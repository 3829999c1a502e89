import { join } from 'node:path'
import type { Clock } from '@keyline/bytes'
import { crashLoopOf, readJournal, StationError } from '@keyline/station'
import type { Home } from './home.ts'

export interface SoundRunsOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly resume: boolean
  readonly onWarning: (text: string) => void
}

/**
 * Slows a station down that dies over and over, whoever starts it again, and lets it begin no board in the end.
 * Source: fault matrix, row PROC-5.
 * @returns whether the run may only finish what is open
 * @throws StationError `STATION_CRASH_LOOP` then, unless it takes that up
 */
export async function requireSoundRuns(home: Home, options: SoundRunsOptions): Promise<boolean> {
  const { clock, signal, resume, onWarning } = options
  const { records } = await readJournal(join(home.journalFolder, 'journal.jsonl'))
  const { crashes, pauseMs, isSafeMode } = crashLoopOf(records)
  const said = `the last ${crashes} runs of this station died without an end`
  if (isSafeMode && !resume) throw new StationError('STATION_CRASH_LOOP', said)
  if (pauseMs === 0) return isSafeMode
  onWarning(`${said}: this one begins in ${pauseMs / 1000} s`)
  await clock.sleep(pauseMs, signal)
  return isSafeMode
}
