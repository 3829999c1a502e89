import { openBench } from '@keyline/board'
import { VirtualClock } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { benchFixture } from './bench-fixture.ts'

describe('the operator of a simulated bench', () => {
  it('changes the board of the probe that is asked for, also when the one before it is gone', async () => {
    using bench = openBench({
      slots: 2,
      clock: new VirtualClock(),
      faults: [{ slot: 1, name: 'no-probe' }],
    })
    const before = [bench.board(1).uid, bench.board(2).uid]
    const fixture = benchFixture(bench)
    expect(await fixture.nextBoard('SIM000000002')).toBe(true)
    expect(bench.board(1).uid).toEqual(before[0])
    expect(bench.board(2).uid).not.toEqual(before[1])
    expect(await fixture.nextBoard('SIM000000001')).toBe(false)
    expect(bench.board(1).uid).toEqual(before[0])
  })
})
