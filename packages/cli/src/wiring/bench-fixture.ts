import type { Bench } from '@keyline/board'
import type { Fixture } from '@keyline/station'

/** The operator of a simulated bench: takes a finished board out and puts a fresh one in, at once. */
export function benchFixture(bench: Bench): Fixture {
  return {
    nextBoard: async (probe) => {
      const slots = await bench.list()
      const slot = slots.findIndex((entry) => entry.serialNumber === probe) + 1
      if (slot === 0) return false
      bench.insertFreshBoard(slot)
      return true
    },
  }
}
