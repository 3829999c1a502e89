import type { Clock } from '@keyline/bytes'
import { beforeEach, describe, expect, it } from 'vitest'
import { CircuitBreaker } from './circuit-breaker.ts'

let nowMs: number
const clock: Clock = {
  now: () => 0,
  monotonicMs: () => nowMs,
  sleep: () => Promise.resolve(),
  during: (work) => work(),
}
beforeEach(() => {
  nowMs = 5000
})

/** A breaker after its third failure. */
function opened(): CircuitBreaker {
  const breaker = new CircuitBreaker({ clock })
  for (let failure = 0; failure < 3; failure++) {
    expect(breaker.enter()).toBe(0)
    breaker.failed()
  }
  return breaker
}

describe('a circuit breaker', () => {
  it('lets everyone pass until the third failure in a row', () => {
    const breaker = new CircuitBreaker({ clock })
    for (const isGood of [false, false, true, false, false]) {
      expect(breaker.enter()).toBe(0)
      if (isGood) breaker.succeeded()
      else breaker.failed()
    }
    expect(breaker.enter()).toBe(0)
  })

  it('then says how long to wait, and lets one pass after that', () => {
    const breaker = opened()
    expect(breaker.enter()).toBe(1000)
    nowMs += 400
    expect(breaker.enter()).toBe(600)
    nowMs += 600
    expect(breaker.enter()).toBe(0)
    expect(breaker.enter()).toBeGreaterThan(0)
  })

  it('closes after a good try', () => {
    const breaker = opened()
    nowMs += 1000
    expect(breaker.enter()).toBe(0)
    breaker.succeeded()
    expect([breaker.enter(), breaker.enter()]).toEqual([0, 0])
  })

  it('waits twice as long after each bad try, but never longer than 30 seconds', () => {
    const breaker = opened()
    const pauses: number[] = []
    for (let attempt = 0; attempt < 7; attempt++) {
      const pause = breaker.enter()
      pauses.push(pause)
      nowMs += pause
      expect(breaker.enter()).toBe(0)
      breaker.failed()
    }
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  })

  it('is not kept open by calls that had passed before', () => {
    const breaker = opened()
    nowMs += 900
    breaker.failed()
    expect(breaker.enter()).toBe(100)
  })
})
