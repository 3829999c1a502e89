import { VirtualClock } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import type { Probe } from '../port/programmer.ts'
import { findPort } from './find-port.ts'

const probe = (serialNumber: string, port?: string): Probe => ({
  serialNumber,
  boardName: 'board',
  ...(port === undefined ? {} : { port }),
})

/** The lists that the programmer shows one after the other; the last one stays. */
function find(lists: readonly (readonly Probe[])[], signal = new AbortController().signal) {
  const clock = new VirtualClock()
  let asked = 0
  const list = () => Promise.resolve(lists[Math.min(asked++, lists.length - 1)] ?? [])
  return { clock, port: findPort({ list }, 'A', { clock, signal }) }
}

describe('SER-8: the port of a probe', () => {
  it('is the one that is listed with it now', async () => {
    expect(await find([[probe('B', 'ttyACM0'), probe('A', 'ttyACM1')]]).port).toBe('ttyACM1')
    expect(await find([[probe('A', 'ttyACM0'), probe('B', 'ttyACM1')]]).port).toBe('ttyACM0')
  })

  it('may take its time to come back after a reset', async () => {
    const { port, clock } = find([[], [probe('A')], [probe('A', 'ttyACM7')]])
    expect(await port).toBe('ttyACM7')
    expect(clock.monotonicMs()).toBe(1000)
  })

  it('is missing after 10 s', async () => {
    const { port, clock } = find([[probe('B', 'ttyACM0')]])
    await expect(port).rejects.toMatchObject({ code: 'STATION_PORT_MISSING' })
    expect(clock.monotonicMs()).toBe(10_000)
  })

  it('is refused when two probes claim it, or when two probes have one number', async () => {
    const shared = find([[probe('A', 'ttyACM0'), probe('B', 'ttyACM0')]]).port
    await expect(shared).rejects.toThrow('two probes are listed with the port ttyACM0')
    const cloned = find([[probe('A', 'ttyACM0'), probe('A', 'ttyACM1')]]).port
    await expect(cloned).rejects.toThrow('two probes answer as A')
  })

  it('is not looked for when the operator interrupts', async () => {
    await expect(find([[]], AbortSignal.abort()).port).rejects.toMatchObject({
      code: 'INTERRUPTED',
    })
  })
})
