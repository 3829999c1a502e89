import { VirtualClock } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { watchSkew } from './skew-watch.ts'
import { answerOf, FakeTransport } from './testing/rest-server.ts'

const now = Date.UTC(2026, 5, 1)

/** Fault matrix, TIME-3. */
describe('the clocks of station and server', () => {
  it.each([
    ['Mon, 01 Jun 2026 00:00:00 GMT', undefined],
    ['Mon, 01 Jun 2026 00:00:30 GMT', undefined],
    ['Sun, 31 May 2026 23:59:30 GMT', undefined],
    ['Mon, 01 Jun 2026 00:00:31 GMT', 31_000],
    ['Sun, 31 May 2026 23:55:00 GMT', -300_000],
    ['soon', undefined],
    [undefined, undefined],
  ])('%j differs by %j', async (date, expected) => {
    const headers = date === undefined ? {} : { date }
    const inner = new FakeTransport(async () => answerOf({ status: 200, headers }))
    const told: number[] = []
    const clock = new VirtualClock(now)
    const transport = watchSkew(inner, { clock, onSkew: (ms) => told.push(ms) })
    for (let call = 0; call < 3; call++) {
      await transport.exchange({ method: 'GET', path: '/' }, { timeoutMs: 1_000 })
    }
    expect(told).toEqual(expected === undefined ? [] : [expected])
    transport.close()
    expect(inner.isClosed).toBe(true)
  })
})
