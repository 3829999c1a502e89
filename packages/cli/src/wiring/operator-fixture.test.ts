import { VirtualClock } from '@keyline/bytes'
import type { Programmer, Target } from '@keyline/station'
import { describe, expect, it } from 'vitest'
import { StationError } from '@keyline/station'
import { operatorFixture } from './operator-fixture.ts'

const noTarget = new StationError('STATION_PROGRAMMER', 'no-target', {
  details: { class: 'no-target' },
})

const never = (): Promise<never> => Promise.reject(new TypeError('a fixture only asks'))

/** What answers at each connection, one after the other; the last one for ever. */
function bench(...answers: readonly (number | undefined)[]) {
  const clock = new VirtualClock()
  const notices: string[] = []
  let calls = 0
  const connect = (): Promise<Target> => {
    const answer = answers[Math.min(calls, answers.length - 1)]
    calls += 1
    if (answer === undefined) return Promise.reject(noTarget)
    return Promise.resolve({
      deviceId: 0x4b0,
      deviceName: 'STM32WBA6x',
      uid: new Uint8Array(12).fill(answer),
      rdp: answer === 0xee ? 1 : 0,
    })
  }
  const programmer: Programmer = {
    connect,
    list: never,
    download: never,
    read: never,
    reset: never,
  }
  const fixture = operatorFixture({ programmer, clock, onNotice: (text) => notices.push(text) })
  return { fixture, notices, clock, calls: () => calls }
}

describe('a person who changes boards', () => {
  it('has the first board in its slot already, whether it answers or not', async () => {
    for (const answer of [1, undefined]) {
      const { fixture, notices } = bench(answer)
      expect(await fixture.nextBoard('A')).toBe(true)
      expect(notices).toEqual([])
    }
  })

  it('is waited for until another board answers that can be read', async () => {
    const { fixture, notices, clock, calls } = bench(1, 1, undefined, 0xee, 1, 2)
    await fixture.nextBoard('A')
    expect(await fixture.nextBoard('A')).toBe(true)
    expect(notices).toEqual(['put the next board into the slot of probe A'])
    expect(calls()).toBe(6)
    expect(clock.monotonicMs()).toBe(4_000)
  })

  it('does not get an earlier board made twice', async () => {
    const { fixture, calls } = bench(1, 2, 1, 2, 3)
    for (const _ of [1, 2, 3]) expect(await fixture.nextBoard('A')).toBe(true)
    expect(calls()).toBe(5)
  })

  it('need not come once the run is stopped', async () => {
    const { fixture } = bench(1)
    await fixture.nextBoard('A')
    const stop = new AbortController()
    const waiting = fixture.nextBoard('A', { signal: stop.signal })
    stop.abort()
    expect(await waiting).toBe(false)
  })
})
