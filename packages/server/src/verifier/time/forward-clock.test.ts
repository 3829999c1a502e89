import { describe, expect, it } from 'vitest'
import { ForwardClock } from './forward-clock.ts'

/** A machine whose wall clock and monotonic clock a test sets. */
function machine() {
  const at = { wall: 1_000_000, monotonic: 0 }
  const clock = {
    now: () => at.wall,
    monotonicMs: () => at.monotonic,
    sleep: () => Promise.resolve(),
    during: <T>(work: () => Promise<T>) => work(),
  }
  return { at, time: new ForwardClock(clock) }
}

describe('time that only moves forward', () => {
  it('is that of the machine', () => {
    const { at, time } = machine()
    at.wall += 500
    at.monotonic += 500
    expect(time.now()).toBe(1_000_500)
    expect(time.aheadMs).toBe(0)
  })

  it('goes on when the clock of the machine is set back, and says by how much', () => {
    const { at, time } = machine()
    at.wall -= 60_000
    at.monotonic += 1_000
    expect(time.now()).toBe(1_001_000)
    expect(time.aheadMs).toBe(61_000)
    at.wall += 2_000
    at.monotonic += 2_000
    expect(time.now()).toBe(1_003_000)
  })

  it('follows the clock of the machine when it is set forward, as after a sleep', () => {
    const { at, time } = machine()
    at.wall += 3_600_000
    at.monotonic += 1
    expect(time.now()).toBe(4_600_000)
    expect(time.aheadMs).toBe(0)
  })
})
