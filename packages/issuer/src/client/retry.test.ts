import { seededRandom, VirtualClock, type Clock } from '@keyline/bytes'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { IssuerError } from '../errors.ts'
import { retryAfterMs, retryDefaults, withRetries } from './retry.ts'

const random = seededRandom('retry')
const busy = (wish = 0): IssuerError =>
  new IssuerError('ISSUER_BUSY', 'busy', { details: { retryAfterMs: wish } })

/** Fails so often, then succeeds; gives the virtual times of its tries. */
async function triesOf(failures: number, error: () => Error, clock: Clock = new VirtualClock()) {
  const times: number[] = []
  const result = await withRetries({ clock, random }, async () => {
    times.push(clock.monotonicMs())
    if (times.length <= failures) throw error()
    return 'done'
  }).catch((cause: unknown) => cause)
  return { times, result }
}

describe('trying again', () => {
  it('goes on until an answer comes', async () => {
    const { times, result } = await triesOf(3, busy)
    expect(result).toBe('done')
    expect(times).toHaveLength(4)
  })

  it('waits longer each time, and never the same for all', async () => {
    const firsts = new Set<number>()
    for (let round = 0; round < 20; round++) {
      const { times } = await triesOf(1, busy)
      const [first = 0, second = 0] = times
      expect(second - first).toBeLessThanOrEqual(retryDefaults.firstWaitMs)
      firsts.add(second - first)
    }
    expect(firsts.size).toBeGreaterThan(10)
  })

  it('ends inside its budget with the last error', async () => {
    const { times, result } = await triesOf(Infinity, busy)
    expect(result).toMatchObject({ code: 'ISSUER_BUSY' })
    expect(times.at(-1)).toBeLessThan(retryDefaults.budgetMs)
    expect(times.length).toBeGreaterThan(5)
  })

  it('does not come back sooner than the server asks', async () => {
    const { times } = await triesOf(1, () => busy(3_000))
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(3_000)
  })

  it('gives up at once what another try cannot help', async () => {
    const { times, result } = await triesOf(5, () => new IssuerError('ISSUER_REFUSED', 'no'))
    expect(times).toHaveLength(1)
    expect(result).toMatchObject({ code: 'ISSUER_REFUSED' })
  })

  it('stops waiting when it is interrupted', async () => {
    const clock = new VirtualClock()
    const stop = new AbortController()
    const running = withRetries({ clock, random, signal: stop.signal }, async () => {
      stop.abort()
      throw busy(5_000)
    })
    await expect(running).rejects.toMatchObject({ code: 'INTERRUPTED' })
  })

  it('gives a try no more time than is left', async () => {
    const clock = new VirtualClock()
    const given: number[] = []
    await withRetries({ clock, random, budgetMs: 5_000, tryMs: 3_000 }, async ({ timeoutMs }) => {
      given.push(timeoutMs)
      await clock.sleep(timeoutMs)
      throw busy()
    }).catch(() => undefined)
    expect(given[0]).toBe(3_000)
    for (const ms of given) expect(ms).toBeGreaterThan(0)
    expect(given.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(5_000)
  })

  /** Fault matrix, TIME-2. */
  it('minds no jump of the wall clock', async () => {
    const dates = fc.array(fc.integer({ min: -1e13, max: 1e13 }), { minLength: 1, maxLength: 20 })
    const headers = fc.constantFrom('0', '3', 'Fri, 01 Jan 2100 00:00:00 GMT', 'soon')
    await fc.assert(
      fc.asyncProperty(dates, headers, async (jumps, header) => {
        const virtual = new VirtualClock()
        let jump = 0
        const now = (): number => jumps[jump++ % jumps.length] ?? 0
        const { times } = await triesOf(Infinity, () => busy(retryAfterMs(header, now())), virtual)
        expect(times.at(-1)).toBeLessThan(retryDefaults.budgetMs)
        expect(times.length).toBeGreaterThan(2)
      }),
      { numRuns: 20 },
    )
  })
})

/** Fault matrix, PKI-4. */
describe('Retry-After', () => {
  const now = Date.UTC(2026, 5, 1)
  it.each([
    [undefined, 0],
    ['', 0],
    ['0', 0],
    ['2', 2_000],
    [' 2 ', 2_000],
    ['86400', 5_000],
    ['99999999999999999999999999', 5_000],
    ['Mon, 01 Jun 2026 00:00:03 GMT', 3_000],
    ['Mon, 01 Jun 2026 09:00:00 GMT', 5_000],
    ['Mon, 01 Jun 2020 00:00:00 GMT', 0],
    ['Mon, 99 Xxx 2026 00:00:00 GMT', 0],
    ['-5', 0],
    ['1.5', 0],
    ['soon', 0],
    ['NaN', 0],
    ['Infinity', 0],
  ])('%j asks for %i ms', (header, ms) => {
    expect(retryAfterMs(header, now)).toBe(ms)
  })
})
