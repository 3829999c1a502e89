import { startTimer, type Clock } from '@keyline/bytes'
import type { ServerLog } from '../observe/log.ts'
import type { SharedKeys } from './key/shared-keys.ts'
import type { VerifierParts } from './parts.ts'
import type { ForwardClock } from './time/forward-clock.ts'

/** How often keys are read again, less than the time for which a new one is announced. */
const refreshMs = 20_000
const sweepMs = 30_000
const hourMs = 3_600_000

/** Work that comes again and again. What fails is told, and tried again the next time. */
export class Housekeeping {
  readonly #clock: Clock
  readonly #log: ServerLog
  readonly #cancels = new Set<() => void>()
  #isOver = false

  constructor(clock: Clock, log: ServerLog) {
    this.#clock = clock
    this.#log = log
  }

  every(ms: number, what: string, work: () => Promise<unknown>): void {
    const again = (): void => {
      const cancel = startTimer(this.#clock, ms, () => {
        this.#cancels.delete(cancel)
        void this.#run(what, work, again)
      })
      this.#cancels.add(cancel)
    }
    again()
  }

  stop(): void {
    this.#isOver = true
    for (const cancel of this.#cancels) cancel()
    this.#cancels.clear()
  }

  async #run(what: string, work: () => Promise<unknown>, again: () => void): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#log.error(what, error)
    }
    if (!this.#isOver) again()
  }
}

export interface Household extends VerifierParts {
  readonly tenants: readonly string[]
  readonly results: SharedKeys<unknown>
  readonly nonces: SharedKeys<unknown>
  readonly time: ForwardClock
}

/** Reads keys again, makes new ones in time, and takes out what has ended. */
export function keepHouse(parts: Household): Housekeeping {
  const { record, clock, log, settings, tenants, results, nonces, time } = parts
  const housekeeping = new Housekeeping(clock, log)
  housekeeping.every(refreshMs, 'the keys could not be read again', async () => {
    await results.refresh()
    await nonces.refresh()
    const due = nonces.newestFrom + settings.nonce.rotateHours * hourMs
    if (time.now() >= due) await nonces.rotate()
  })
  housekeeping.every(sweepMs, 'what has ended could not be taken out', async () => {
    for (const tenant of tenants) {
      const { sessions, seen } = record.tenant(tenant)
      await sessions.sweep(time.now())
      await seen.sweep(time.now())
    }
  })
  housekeeping.every(hourMs, 'old appraisals could not be taken out', async () => {
    const before = time.now() - settings.audit.retentionDays * 24 * hourMs
    for (const tenant of tenants) await record.tenant(tenant).appraisals.sweep(before)
  })
  return housekeeping
}
