import { describe, expect, it } from 'vitest'
import { HandClock } from '../testing/hand-clock.ts'
import { RecordGuard } from './record-guard.ts'

/** A call of a record that ends when the test says so. */
class SlowCall {
  end: () => void = () => undefined
  readonly answer = new Promise<string>((resolve) => {
    this.end = () => resolve('late')
  })
}

describe('a record that is slow', () => {
  it('gets no more calls while it is behind with as many as may be in work, and is asked again then', async () => {
    const clock = new HandClock()
    const guard = new RecordGuard(clock, { recordMs: 1_000, running: 2 })
    const slow = [new SlowCall(), new SlowCall()]
    const given = slow.map(({ answer }) =>
      guard.ask('a session', () => answer).catch((error: unknown) => String(error)),
    )
    expect(await guard.ask('a session', async () => 'answered')).toBe('answered')
    clock.pass(1_000)
    expect(await Promise.all(given)).toEqual(
      slow.map(() => expect.stringContaining('the record gave no answer (a session)')),
    )
    let calls = 0
    const ask = (): Promise<number> => guard.ask('a session', () => (calls += 1))
    await expect(ask()).rejects.toMatchObject({
      code: 'SERVER_UNAVAILABLE',
      message: expect.stringContaining('behind with 2 calls'),
    })
    expect(calls).toBe(0)
    slow[0]?.end()
    await expect.poll(ask).toBe(1)
  })
})
