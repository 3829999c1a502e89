import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  interruption,
  startTimer,
  systemClock,
  throwIfInterrupted,
  withDeadline,
  type Clock,
  type DeadlineOptions,
} from './clock.ts'
import { BytesError } from './errors.ts'
import { VirtualClock } from './virtual-clock.ts'

const interrupted = expect.objectContaining({ code: 'INTERRUPTED' })
const day = 86_400_000

describe('an interruption', () => {
  it('keeps the reason of the signal as its cause', () => {
    const reason = new Error('Ctrl+C')
    expect(interruption(AbortSignal.abort(reason))).toMatchObject({
      code: 'INTERRUPTED',
      cause: reason,
    })
  })

  it('is the reason itself where that is one of our errors already', () => {
    const reason = new BytesError('DEADLINE_PASSED', 'the probe took longer than 5 ms')
    expect(interruption(AbortSignal.abort(reason))).toBe(reason)
  })

  it('is thrown only when the signal has fired', () => {
    expect(() => throwIfInterrupted(undefined)).not.toThrow()
    expect(() => throwIfInterrupted(new AbortController().signal)).not.toThrow()
    expect(() => throwIfInterrupted(AbortSignal.abort())).toThrow(interrupted)
  })
})

describe('the clock of the system', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('tells the wall time in whole milliseconds, and a time that only moves forward', () => {
    vi.setSystemTime(1_780_000_000_123)
    expect(systemClock.now()).toBe(1_780_000_000_123)
    const before = systemClock.monotonicMs()
    vi.setSystemTime(0)
    vi.advanceTimersByTime(5)
    expect(systemClock.monotonicMs() - before).toBeCloseTo(5)
  })

  it('wakes up when the time has come, not before', async () => {
    const woken = vi.fn<() => void>()
    const sleep = systemClock.sleep(1000).then(woken)
    await vi.advanceTimersByTimeAsync(999)
    expect(woken).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(woken).toHaveBeenCalledOnce()
    await sleep
  })

  it('sleeps longer than a timer of the runtime holds (24.8 days)', async () => {
    const woken = vi.fn<() => void>()
    const sleep = systemClock.sleep(60 * day).then(woken)
    await vi.advanceTimersByTimeAsync(60 * day - 1)
    expect(woken).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(woken).toHaveBeenCalledOnce()
    await sleep
  })

  it('is interrupted by the signal, also in the last part of a long sleep, and leaves no timer', async () => {
    for (const part of [0, 50 * day]) {
      const controller = new AbortController()
      const sleep = systemClock.sleep(60 * day, controller.signal)
      await vi.advanceTimersByTimeAsync(part)
      controller.abort()
      await expect(sleep).rejects.toThrow(interrupted)
      expect(vi.getTimerCount()).toBe(0)
    }
  })

  it('leaves no listener at a signal that outlives the sleep', async () => {
    const { signal } = new AbortController()
    const add = vi.spyOn(signal, 'addEventListener')
    const remove = vi.spyOn(signal, 'removeEventListener')
    const sleep = systemClock.sleep(1, signal)
    await vi.advanceTimersByTimeAsync(1)
    await sleep
    expect(add).toHaveBeenCalledOnce()
    expect(remove.mock.calls.map(([, listener]) => listener)).toEqual([add.mock.calls[0]?.[1]])
  })

  it('runs outside work as it is', async () => {
    await expect(systemClock.during(() => Promise.resolve(7))).resolves.toBe(7)
  })
})

describe.each<[string, () => Clock]>([
  ['the clock of the system', () => systemClock],
  ['the virtual clock', () => new VirtualClock()],
])('%s', (_, makeClock) => {
  it('does not begin to sleep when the signal has fired', async () => {
    await expect(makeClock().sleep(60_000, AbortSignal.abort())).rejects.toThrow(interrupted)
  })

  it('wakes up at once from a sleep that has ended before it began', async () => {
    await expect(makeClock().sleep(-5)).resolves.toBeUndefined()
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses to sleep %d ms', async (ms) => {
    const refused = { code: 'BYTES_RANGE', message: `a wait of ${ms} ms would never end` }
    await expect(makeClock().sleep(ms)).rejects.toMatchObject(refused)
    const work = vi.fn<() => Promise<void>>()
    await expect(
      withDeadline({ clock: makeClock(), ms, what: 'the probe' }, work),
    ).rejects.toMatchObject(refused)
    expect(work).not.toHaveBeenCalled()
  })
})

const options = (clock: Clock, signal?: AbortSignal): DeadlineOptions => ({
  clock,
  ms: 100,
  what: 'reset',
  signal,
})

describe('work with a deadline', () => {
  it('gives its result in time, and takes no virtual time of its own', async () => {
    const clock = new VirtualClock()
    const result = await withDeadline(options(clock), async (signal) => {
      await clock.sleep(99, signal)
      return 'ready'
    })
    expect([result, clock.monotonicMs()]).toEqual(['ready', 99])
  })

  it('ends at the deadline, names what it waited for, and tells the work', async () => {
    const clock = new VirtualClock()
    let told: unknown
    const wait = withDeadline(options(clock), async (signal) => {
      signal.addEventListener('abort', () => void (told = signal.reason))
      await clock.sleep(101, signal)
    })
    const passed = { code: 'DEADLINE_PASSED', message: 'reset took longer than 100 ms' }
    await expect(wait).rejects.toMatchObject(passed)
    expect(told).toMatchObject(passed)
    expect(clock.monotonicMs()).toBe(100)
  })

  it('ends at the deadline also when the work does not listen, and its late failure harms nobody', async () => {
    const clock = new VirtualClock()
    const deaf = withDeadline(options(clock), async () => {
      await clock.sleep(500)
      throw new Error('too late to matter')
    })
    await expect(deaf).rejects.toMatchObject({ code: 'DEADLINE_PASSED' })
    await clock.sleep(1000)
    expect(clock.monotonicMs()).toBe(1100)
  })

  it('passes the failure of the work on as it is', async () => {
    const failure = new Error('EIO')
    const work = withDeadline(options(new VirtualClock()), () => Promise.reject(failure))
    await expect(work).rejects.toBe(failure)
  })

  it('does not begin when the outer signal has fired', async () => {
    const work = vi.fn<() => Promise<void>>()
    await expect(
      withDeadline(options(new VirtualClock(), AbortSignal.abort()), work),
    ).rejects.toThrow(interrupted)
    expect(work).not.toHaveBeenCalled()
  })

  it('is interrupted by the outer signal before the deadline', async () => {
    const clock = new VirtualClock()
    const controller = new AbortController()
    const work = withDeadline(options(clock, controller.signal), (signal) =>
      clock.sleep(99, signal),
    )
    await clock.sleep(50)
    controller.abort()
    await expect(work).rejects.toThrow(interrupted)
    expect(clock.monotonicMs()).toBe(50)
  })

  it('leaves nothing behind: neither a timer nor a listener at the outer signal', async () => {
    const clock = new VirtualClock()
    const { signal } = new AbortController()
    const add = vi.spyOn(signal, 'addEventListener')
    const remove = vi.spyOn(signal, 'removeEventListener')
    await withDeadline(options(clock, signal), () => Promise.resolve())
    expect(remove.mock.calls.map(([, listener]) => listener)).toEqual(
      add.mock.calls.map(([, listener]) => listener),
    )
    expect(clock.waiting).toBe(0)
  })

  it('leaves no rejection unhandled when the work throws at once in the middle of an interruption', async () => {
    const unhandled = vi.fn<(reason: unknown) => void>()
    process.on('unhandledRejection', unhandled)
    const controller = new AbortController()
    const failure = new Error('no port')
    const work = withDeadline(options(new VirtualClock(), controller.signal), () => {
      controller.abort()
      throw failure
    })
    await expect(work).rejects.toThrow()
    await new Promise(setImmediate)
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })
})

describe('a timer', () => {
  const virtual = new VirtualClock()
  const { now, monotonicMs, sleep, during } = {
    now: () => virtual.now(),
    monotonicMs: () => virtual.monotonicMs(),
    sleep: (ms: number, signal?: AbortSignal) => virtual.sleep(ms, signal),
    during: <T>(work: () => Promise<T>) => virtual.during(work),
  }

  it.each<readonly [string, Clock]>([
    ['of a clock that has timers', virtual],
    ['of a clock that can only sleep', { now, monotonicMs, sleep, during }],
  ])('%s fires once at its time, and not when it is cancelled', async (_, clock) => {
    const fired: string[] = []
    const start = clock.monotonicMs()
    startTimer(clock, 20, () => fired.push(`late at ${clock.monotonicMs() - start}`))
    const cancel = startTimer(clock, 10, () => fired.push('cancelled'))
    startTimer(clock, 10, () => fired.push(`early at ${clock.monotonicMs() - start}`))
    cancel()
    await clock.sleep(100)
    expect(fired).toEqual(['early at 10', 'late at 20'])
    cancel()
    expect(virtual.waiting).toBe(0)
  })
})
