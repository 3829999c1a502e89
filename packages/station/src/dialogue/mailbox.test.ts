import { VirtualClock, type Clock } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { Mailbox } from './mailbox.ts'

const never = new AbortController().signal

describe('Mailbox', () => {
  it('gives items in their order, those that waited first', async () => {
    const clock = new VirtualClock()
    const box = new Mailbox<number>()
    box.push(1)
    box.push(2)
    const take = () => box.take({ clock, timeoutMs: 10, signal: never })
    expect([await take(), await take()]).toEqual([1, 2])
    const third = take()
    box.push(3)
    box.push(4)
    expect([await third, await take()]).toEqual([3, 4])
    expect(clock.monotonicMs()).toBe(0)
  })

  it('gives nothing at the limit, and not before', async () => {
    const clock = new VirtualClock()
    const box = new Mailbox<number>()
    expect(await box.take({ clock, timeoutMs: 250, signal: never })).toBeUndefined()
    expect(clock.monotonicMs()).toBe(250)
  })

  it('takes what comes a millisecond before the limit, and keeps what comes at it', async () => {
    const clock = new VirtualClock()
    const box = new Mailbox<string>()
    void clock.sleep(99).then(() => box.push('in time'))
    void clock.sleep(199).then(() => box.push('too late'))
    const take = () => box.take({ clock, timeoutMs: 100, signal: never })
    expect(await take()).toBe('in time')
    expect(await take()).toBeUndefined()
    expect(await take()).toBe('too late')
  })

  it('loses nothing that comes in the very moment in which the wait ends', async () => {
    for (let turns = 0; turns < 8; turns++) {
      const box = new Mailbox<string>()
      let now = 0
      const clock: Clock = {
        now: () => now,
        monotonicMs: () => now,
        during: (work) => work(),
        sleep: () => {
          now += 100
          return Promise.resolve()
        },
      }
      const first = box.take({ clock, timeoutMs: 100, signal: never })
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      box.push('here')
      const got = [await first, await box.take({ clock, timeoutMs: 100, signal: never })]
      expect(got, `after ${turns} turns`).toContain('here')
    }
  })

  it('ends the wait of an interrupted dialogue, and leaves no timer behind', async () => {
    const clock = new VirtualClock()
    const box = new Mailbox<number>()
    const interrupt = new AbortController()
    const waiting = box.take({ clock, timeoutMs: 60_000, signal: interrupt.signal })
    interrupt.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'INTERRUPTED' })
    const again = box.take({ clock, timeoutMs: 60_000, signal: interrupt.signal })
    await expect(again).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await clock.sleep(1)
    expect(clock.monotonicMs()).toBe(1)
    box.push(5)
    expect(await box.take({ clock, timeoutMs: 1, signal: never })).toBe(5)
  })

  it('shows and forgets what waits, by kind', async () => {
    const clock = new VirtualClock()
    const box = new Mailbox<number>()
    for (const item of [1, 2, 3, 4]) box.push(item)
    expect(box.find((item) => item > 2)).toBe(3)
    expect(box.find((item) => item > 4)).toBeUndefined()
    box.drop((item) => item % 2 === 1)
    const take = () => box.take({ clock, timeoutMs: 1, signal: never })
    expect([await take(), await take(), await take()]).toEqual([2, 4, undefined])
  })
})
