import { fromHex, toHex, VirtualClock } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { StsafeError } from '../errors.ts'
import type { BusAnswer } from '../layout/byte-stream.ts'
import { ScriptedBus } from '../testing/scripted-bus.ts'
import { inProcessTransport } from './in-process.ts'
import { Link, sdkPolling } from './link.ts'

const nack: BusAnswer = { kind: 'nack' }
const busError: BusAnswer = { kind: 'bus-error' }
const frame = fromHex('01e1f1')
const maxFrame = 752

function octets(hex = ''): BusAnswer {
  return { kind: 'done', data: fromHex(hex) }
}

function linkTo(...answers: readonly BusAnswer[]) {
  const clock = new VirtualClock()
  const bus = new ScriptedBus(answers)
  const link = new Link({ transport: inProcessTransport(bus), clock })
  const transact = (): Promise<Uint8Array> => link.transact({ frame, maxFrame, nominalMs: 2 })
  return { bus, clock, link, transact }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'no error'
  } catch (error) {
    return error instanceof StsafeError ? error.code : String(error)
  }
}

describe('one command on the bus', () => {
  it('is a write, 10 ms, and one read of five octets when there is no payload', async () => {
    const { bus, clock, transact } = linkTo(octets(), octets('000002f078'))
    expect(toHex(await transact())).toBe('000002f078')
    expect(clock.monotonicMs()).toBe(10)
    expect(bus.requests).toEqual([
      { kind: 'write', data: frame },
      { kind: 'read', length: 5 },
    ])
  })

  it('reads the whole frame again from its first octet when there is a payload', async () => {
    const { bus, transact } = linkTo(octets(), octets('000003e975'), octets('000003e97588'))
    expect(toHex(await transact())).toBe('000003e97588')
    expect(bus.requests.slice(1)).toEqual([
      { kind: 'read', length: 5 },
      { kind: 'read', length: 6 },
    ])
  })

  it.each([0, 1, 50, 99])('waits 10 ms for each of %i missing acknowledges', async (count) => {
    const nacks = Array.from({ length: count }, () => nack)
    const { clock, transact } = linkTo(octets(), ...nacks, octets('000002f078'))
    expect(toHex(await transact())).toBe('000002f078')
    expect(clock.monotonicMs()).toBe(10 + 10 * count)
  })

  it.each([0, 1, 50, 99])('repeats a write that was not acknowledged %i times', async (count) => {
    const nacks = Array.from({ length: count }, () => nack)
    const { bus, transact } = linkTo(...nacks, octets(), octets('000002f078'))
    await transact()
    expect(bus.requests).toHaveLength(count + 2)
  })

  it('gives up after 100 attempts of a write, and says that nothing was executed', async () => {
    const { bus, transact } = linkTo(nack)
    await expect(transact()).rejects.toMatchObject({
      code: 'STSAFE_BUS_BUSY',
      details: { sent: false },
    })
    expect(bus.requests).toHaveLength(100)
  })

  it('gives up after 100 attempts of a read', async () => {
    const { bus, clock, transact } = linkTo(octets(), nack)
    await expect(transact()).rejects.toMatchObject({
      code: 'STSAFE_BUS_BUSY',
      details: { sent: true },
    })
    expect(bus.requests).toHaveLength(101)
    expect(clock.monotonicMs()).toBe(10 + 1000)
  })

  it('ends at once at any other bus error, after one wait', async () => {
    const { bus, clock, transact } = linkTo(octets(), busError)
    expect(await codeOf(transact())).toBe('STSAFE_BUS')
    expect(bus.requests).toHaveLength(2)
    expect(clock.monotonicMs()).toBe(20)
  })

  it.each(['0000', '0001', '02f2', '1000', 'ffff'])(
    'refuses the announced length %s without reading on',
    async (length) => {
      const { bus, transact } = linkTo(octets(), octets(`00${length}f078`))
      expect(await codeOf(transact())).toBe('STSAFE_FRAME_SIZE')
      expect(bus.requests).toHaveLength(2)
    },
  )

  it('reads the greatest frame of the part', async () => {
    const whole = `0002f1${'00'.repeat(753)}`
    const { transact } = linkTo(octets(), octets(whole.slice(0, 10)), octets(whole))
    expect(await transact()).toHaveLength(756)
  })

  it('refuses fewer octets than it asked for', async () => {
    const { transact } = linkTo(octets(), octets('0000'))
    expect(await codeOf(transact())).toBe('STSAFE_BUS')
  })

  it('stops at the signal', async () => {
    const { link, clock } = linkTo(octets(), nack)
    const aborted = new AbortController()
    const work = link.transact({ frame, maxFrame, nominalMs: 2, signal: aborted.signal })
    const ended = expect(work).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await clock.sleep(100)
    aborted.abort()
    await ended
  })

  it('waits the time of the command where the host does not poll', async () => {
    const clock = new VirtualClock()
    const bus = new ScriptedBus([octets(), octets('000002f078')])
    const polling = { ...sdkPolling, firstMs: 'nominal' } as const
    const link = new Link({ transport: inProcessTransport(bus), clock, polling })
    await link.transact({ frame, maxFrame, nominalMs: 83 })
    expect(clock.monotonicMs()).toBe(83)
  })

  it('wakes with the address alone and restarts where the bus can', async () => {
    const { bus, clock, link } = linkTo(octets(), octets(), nack)
    await link.wake()
    await link.restart('reset')
    expect(bus.requests).toEqual([{ kind: 'write', data: new Uint8Array() }, { kind: 'reset' }])
    expect(clock.monotonicMs()).toBe(10)
    expect(await codeOf(link.restart('power-cycle'))).toBe('STSAFE_BUS')
  })
})
