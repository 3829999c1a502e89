import { describe, expect, it } from 'vitest'
import { HandClock } from '../testing/hand-clock.ts'
import { Readiness } from './readiness.ts'

describe('readiness', () => {
  it('asks each part once a second at most, and follows it both ways', async () => {
    const clock = new HandClock()
    let asked = 0
    let isGone = false
    const readiness = new Readiness({
      clock,
      dependencies: [
        {
          name: 'store',
          check: async () => {
            asked += 1
            if (isGone) throw new Error('gone')
          },
        },
      ],
    })
    expect(readiness.isReady).toBe(false)
    expect(await Promise.all([readiness.lack(), readiness.lack()])).toEqual([undefined, undefined])
    expect([asked, readiness.isReady]).toEqual([1, true])
    isGone = true
    expect(await readiness.lack()).toBeUndefined()
    clock.pass(1_000)
    expect(await readiness.lack()).toMatchObject({ part: 'store' })
    expect(readiness.isReady).toBe(false)
    isGone = false
    clock.pass(1_000)
    expect(await readiness.lack()).toBeUndefined()
  })

  it('does not wait for a part that hangs', async () => {
    const clock = new HandClock()
    const readiness = new Readiness({
      clock,
      dependencies: [{ name: 'signer', check: () => new Promise(() => undefined) }],
    })
    const lack = readiness.lack()
    clock.pass(2_000)
    expect(await lack).toMatchObject({ part: 'signer', error: { code: 'DEADLINE_PASSED' } })
  })
})
