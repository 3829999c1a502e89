import { describe, expect, it } from 'vitest'
import { HandClock } from '../testing/hand-clock.ts'
import { RateLimit, type Rates } from './token-bucket.ts'

const rates: Rates = {
  member: { perSecond: 10, burst: 3 },
  anonymous: { perSecond: 1, burst: 1 },
  total: { perSecond: 100, burst: 50 },
}

const refused = (retryAfterMs: number): unknown =>
  expect.objectContaining({ code: 'SERVER_RATE', details: { retryAfterMs } })

describe('the rate of requests', () => {
  it('lets a burst through, then as many as the rate gives', () => {
    const clock = new HandClock()
    const limit = new RateLimit(rates, clock)
    const take = (): void => limit.take('member', 's1')
    for (let request = 0; request < 3; request++) take()
    expect(take).toThrow(refused(100))
    clock.pass(100)
    take()
    expect(take).toThrow(refused(100))
    clock.pass(3_600_000)
    for (let request = 0; request < 3; request++) take()
    expect(take).toThrow(refused(100))
  })

  it('is that of each caller alone', () => {
    const limit = new RateLimit(rates, new HandClock())
    limit.take('anonymous', '192.0.2.1')
    expect(() => limit.take('anonymous', '192.0.2.1')).toThrow(refused(1000))
    limit.take('anonymous', '192.0.2.2')
    limit.take('member', '192.0.2.1')
  })

  it('has a bound for all callers together, however many names they have', () => {
    const limit = new RateLimit(rates, new HandClock())
    for (let caller = 0; caller < 50; caller++) limit.take('anonymous', String(caller))
    expect(() => limit.take('anonymous', 'one more')).toThrow(refused(10))
  })

  it('keeps a bounded number of callers', () => {
    const wide = { ...rates, total: { perSecond: 1e6, burst: 1e6 } }
    const limit = new RateLimit(wide, new HandClock())
    limit.take('anonymous', 'first')
    for (let caller = 0; caller < 5_000; caller++) limit.take('anonymous', String(caller))
    limit.take('anonymous', 'first')
  })
})
