import type { Bench } from '@keyline/board'
import type { Fixture } from '@keyline/station'

/** The operator of a simulated bench: takes a finished board out and puts a fresh one in, at once. */
export function benchFixture(bench: Bench): Fixture {
  return {
    nextBoard: async (probe) => {
      const connected = await bench.list()
      if (!connected.some(({ serialNumber }) => serialNumber === probe)) return false
      bench.insertFreshBoard(bench.slotNumberOf(probe))
      return true
    },
  }
}
