import { isKeylineError, toHex, type Clock } from '@keyline/bytes'
import type { Fixture, Programmer } from '@keyline/station'

export interface OperatorFixtureOptions {
  readonly programmer: Programmer
  readonly clock: Clock
  readonly onNotice: (text: string) => void
}

/** How often a slot is asked for its board while an operator changes it. */
const askMs = 1_000

/**
 * A person who takes finished boards out and puts fresh ones in. The board that stands in a slot at the beginning is the
 * first one; the next one is there when another unique id answers.
 */
export function operatorFixture(options: OperatorFixtureOptions): Fixture {
  const { programmer, clock, onNotice } = options
  const seen = new Map<string, ReadonlySet<string>>()
  const boardOf = async (probe: string, signal?: AbortSignal): Promise<string | undefined> => {
    try {
      const { uid, rdp } = await programmer.connect(probe, { signal })
      return rdp === 0 ? toHex(uid) : undefined
    } catch (error) {
      if (isKeylineError(error)) return undefined
      throw error
    }
  }
  return {
    async nextBoard(probe, { signal } = {}) {
      const before = seen.get(probe)
      if (before !== undefined) onNotice(`put the next board into the slot of probe ${probe}`)
      for (;;) {
        if (signal?.aborted === true) return false
        const board = await boardOf(probe, signal)
        // What does not answer at the beginning is told by the run itself.
        const isNext = before === undefined || (board !== undefined && !before.has(board))
        if (isNext) {
          seen.set(probe, new Set([...(before ?? []), ...(board === undefined ? [] : [board])]))
          return true
        }
        await clock.sleep(askMs, signal).catch(() => undefined)
      }
    },
  }
}
