import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scaled } from '../../../test/support/scale.ts'
import { VirtualClock } from './virtual-clock.ts'

describe('the virtual clock', () => {
  it('starts where it is told and moves only when all wait', async () => {
    const clock = new VirtualClock(Date.UTC(2026, 0, 1))
    expect([clock.now(), clock.monotonicMs()]).toEqual([Date.UTC(2026, 0, 1), 0])
    await clock.sleep(1500)
    expect([clock.now(), clock.monotonicMs()]).toEqual([Date.UTC(2026, 0, 1) + 1500, 1500])
  })

  it('tells whole milliseconds of wall time, also between them', async () => {
    const clock = new VirtualClock(1000)
    await clock.sleep(0.75)
    expect([clock.now(), clock.monotonicMs()]).toEqual([1000, 0.75])
  })

  it('costs no real time: a year of sleep ends at once', async () => {
    const clock = new VirtualClock(0)
    const before = performance.now()
    await clock.sleep(365 * 86_400_000)
    expect(clock.now()).toBe(365 * 86_400_000)
    expect(performance.now() - before).toBeLessThan(10_000)
  })

  it('wakes sleepers by time, and those of one time in the order in which they lay down', async () => {
    const clock = new VirtualClock()
    const woken: string[] = []
    const sleeper = (name: string, ms: number) => clock.sleep(ms).then(() => woken.push(name))
    await Promise.all([
      sleeper('late', 30),
      sleeper('first of two', 10),
      sleeper('second of two', 10),
      sleeper('at once', 0),
      sleeper('in the past', -1),
    ])
    expect(woken).toEqual(['at once', 'in the past', 'first of two', 'second of two', 'late'])
  })

  it('lets a woken task lie down again before the next one of the same time wakes', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    const task = async (name: string): Promise<void> => {
      for (const round of [1, 2]) {
        await clock.sleep(10)
        log.push(`${name}${round}@${clock.monotonicMs()}`)
      }
    }
    await Promise.all([task('a'), task('b')])
    expect(log).toEqual(['a1@10', 'b1@10', 'a2@20', 'b2@20'])
  })

  it('wakes all of one instant in one turn of the event loop, so that they can share what comes next', async () => {
    const clock = new VirtualClock()
    let turns = 0
    const turnOf = (ms: number): Promise<number> => clock.sleep(ms).then(() => turns)
    const count = (): void => {
      turns++
      if (clock.waiting > 0) setImmediate(count)
    }
    const woken = [turnOf(10), turnOf(10), turnOf(10), turnOf(11)]
    setImmediate(count)
    const [first, second, third, later] = await Promise.all(woken)
    expect([second, third]).toEqual([first, first])
    expect(later).not.toBe(first)
  })

  it('never moves back and never wakes anybody early, whatever is slept', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(50), { maxLength: 30 }), async (waits) => {
        const clock = new VirtualClock()
        const woken: number[] = []
        await Promise.all(
          waits.map(async (ms) => {
            await clock.sleep(ms)
            expect(clock.monotonicMs()).toBe(ms)
            woken.push(ms)
          }),
        )
        expect(woken).toEqual(waits.toSorted((a, b) => a - b))
      }),
    )
  })

  it('stands still during work that it cannot see', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    const timer = clock.sleep(10).then(() => log.push(`timer@${clock.monotonicMs()}`))
    await clock.during(async () => {
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
      log.push(`work@${clock.monotonicMs()}`)
    })
    await timer
    expect(log).toEqual(['work@0', 'timer@10'])
  })

  it('stands still until the last of several such works ends, also when one fails', async () => {
    const clock = new VirtualClock()
    const failing = new AbortController()
    const ending = new AbortController()
    const first = clock.during(() =>
      once(failing.signal).then(() => Promise.reject(new Error('EIO'))),
    )
    const second = clock.during(() => once(ending.signal))
    let isAwake = false
    const sleep = clock.sleep(1).then(() => (isAwake = true))
    failing.abort()
    await expect(first).rejects.toThrow('EIO')
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    expect(isAwake).toBe(false)
    ending.abort()
    await second
    await sleep
    expect(isAwake).toBe(true)
  })

  it('forgets a cancelled sleep at once and does not move towards it', async () => {
    const clock = new VirtualClock()
    const controller = new AbortController()
    const cancelled = clock.sleep(20, controller.signal)
    const other = clock.sleep(30)
    expect(clock.waiting).toBe(2)
    controller.abort()
    await expect(cancelled).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(clock.waiting).toBe(1)
    await other
    expect(clock.monotonicMs()).toBe(30)
    expect(clock.waiting).toBe(0)
  })

  it('stands still for ever when the only sleep was cancelled', async () => {
    const clock = new VirtualClock()
    const controller = new AbortController()
    const cancelled = clock.sleep(20, controller.signal)
    controller.abort()
    await expect(cancelled).rejects.toMatchObject({ code: 'INTERRUPTED' })
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
    expect(clock.monotonicMs()).toBe(0)
  })

  it('wakes 10 000 sleepers in order', async () => {
    const clock = new VirtualClock()
    const woken: number[] = []
    const waits = Array.from({ length: 10_000 }, (_, index) => (index * 7919) % 10_007)
    await Promise.all(waits.map((ms) => clock.sleep(ms).then(() => woken.push(ms))))
    expect(woken).toEqual(waits.toSorted((a, b) => a - b))
  })

  it('holds the deadlines that wait, not those that were cancelled', async () => {
    const clock = new VirtualClock()
    const guard = clock.sleep(60_000)
    let most = 0
    for (let round = 0; round < scaled(20_000, 1_000_000); round++) {
      const controller = new AbortController()
      const deadline = clock.sleep(30_000, controller.signal).catch(() => undefined)
      most = Math.max(most, clock.waiting)
      controller.abort(cancelled)
      await deadline
    }
    expect(most).toBe(2)
    await guard
    expect(clock.monotonicMs()).toBe(60_000)
  })
})

function once(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** One reason for all, since an error with its stack is dear. */
const cancelled = new Error('done before the deadline')
