import { VirtualClock } from '@keyline/bytes'
import { commandTable, Form } from '@keyline/stsafe/layout'
import { SimulatedBus } from '../bus/simulated-bus.ts'
import { faults, parseFault, type Fault } from './fault.ts'
import { FaultyBus } from './faulty-bus.ts'
import { chipOf, spl05Profile } from '../nvm/profile.ts'
import { describe, expect, it } from 'vitest'
import { chipWith, freshState, hostKeys } from '../testing/chips.ts'
import { ask, frameOf, send, sendProtected } from '../testing/plain-host.ts'

const data = Uint8Array.of(1, 2, 3)
const update = { option: {}, zone: 1, offset: 0, data }

function faulty(...script: readonly Fault[]) {
  const bus = chipWith({ hostKeys })
  return { bus, faultyBus: new FaultyBus(bus, script) }
}

function zoneOf(bus: SimulatedBus): Uint8Array | undefined {
  return bus.chip.memory.state.zones[1]?.data.slice(0, 3)
}

describe('a fault script', () => {
  it.each(Object.keys(faults))('names %s with its position', (name) => {
    expect(parseFault(`${name}@4`)).toEqual({ name, position: 4, value: undefined })
    expect(parseFault(`${name}:17@0`)).toEqual({ name, position: 0, value: 17 })
  })

  it.each([
    '',
    'lose-response',
    'lose-response@',
    'lose-response@-1',
    'other@1',
    'flip-command:@1',
  ])('refuses %j', (text) => expect(() => parseFault(text)).toThrow(/NAME\[:VALUE\]@POSITION/))

  it('without faults is the bus, and counts its exchanges', () => {
    const { faultyBus } = faulty()
    expect(ask(faultyBus, Form.echo, { data })).toEqual({ data })
    expect(ask(faultyBus, Form.echo, { data })).toEqual({ data })
    expect(faultyBus.exchanges).toBe(2)
  })
})

describe('the wire', () => {
  it('does not acknowledge a command twice and then does, as one exchange', () => {
    const { faultyBus } = faulty({ name: 'nack-command', position: 1, value: 2 })
    ask(faultyBus, Form.echo, { data })
    expect(send(faultyBus, Form.echo, { data }).status).toBe('nack')
    expect(send(faultyBus, Form.echo, { data }).status).toBe('nack')
    expect(ask(faultyBus, Form.echo, { data })).toEqual({ data })
    expect(faultyBus.exchanges).toBe(2)
  })

  it('does not acknowledge reads three times and then does', () => {
    const { faultyBus } = faulty({ name: 'nack-response', position: 0, value: 3 })
    faultyBus.answer({ kind: 'write', data: frameOf(Form.reset, {}) })
    const kinds = Array.from(
      { length: 4 },
      () => faultyBus.answer({ kind: 'read', length: 5 }).kind,
    )
    expect(kinds).toEqual(['nack', 'nack', 'nack', 'done'])
  })

  it('reports a bus error once', () => {
    const { faultyBus } = faulty({ name: 'bus-error', position: 0 })
    expect(send(faultyBus, Form.echo, { data }).status).toBe('bus-error')
    expect(ask(faultyBus, Form.echo, { data })).toEqual({ data })
  })

  it('stays busy until the power comes back', () => {
    const { faultyBus } = faulty({ name: 'stuck-busy', position: 0 })
    expect(send(faultyBus, Form.echo, { data }).status).toBe('nack')
    expect(faultyBus.answer({ kind: 'read', length: 5 }).kind).toBe('nack')
    faultyBus.answer({ kind: 'power-cycle' })
    expect(ask(faultyBus, Form.echo, { data })).toEqual({ data })
  })

  it('changes one bit of a command, every one of which the chip finds', () => {
    const frame = frameOf(Form.update, update)
    for (let value = 0; value < 8 * frame.length; value++) {
      const { bus, faultyBus } = faulty({ name: 'flip-command', position: 0, value })
      expect(send(faultyBus, Form.update, update).status).toBe(0x01)
      expect(zoneOf(bus)).toEqual(Uint8Array.of(0, 0, 0))
    }
  })

  it.each(['cut-command', 'lengthen-command'] as const)(
    'has a frame of another length by %s',
    (name) => {
      const frame = frameOf(Form.update, update)
      for (let value = 1; value < frame.length; value++) {
        const { bus, faultyBus } = faulty({ name, position: 0, value })
        expect(send(faultyBus, Form.update, update).status).toBe(0x01)
        expect(zoneOf(bus)).toEqual(Uint8Array.of(0, 0, 0))
      }
    },
  )

  it('changes one bit of a response, every one of which the host can find', () => {
    for (let value = 0; value < 8 * 8; value++) {
      const { faultyBus } = faulty({ name: 'flip-response', position: 0, value })
      const { status, payload } = send(faultyBus, Form.echo, { data })
      expect({ status, payload }).not.toEqual({ status: 0, payload: data })
    }
  })

  it.each([
    ['cut-response', 4, 'crc'],
    ['announce-length', 0, 'short'],
    ['announce-length', 1, 'short'],
    ['announce-length', 4, 'crc'],
    ['announce-length', 9, 'crc'],
  ] as const)('disturbs a frame by %s %i', (name, value, status) => {
    const { faultyBus } = faulty({ name, position: 0, value })
    expect(send(faultyBus, Form.echo, { data }).status).toBe(status)
  })

  it('brings the response of the exchange before', () => {
    const { faultyBus } = faulty({ name: 'replay-response', position: 1 })
    ask(faultyBus, Form.echo, { data })
    expect(ask(faultyBus, Form.echo, { data: Uint8Array.of(9, 9, 9) })).toEqual({ data })
  })
})

describe('power that fails', () => {
  const protection = { keys: hostKeys, counter: 0 }

  it.each([
    ['power-loss-before', 0, [0, 0, 0]],
    ['power-loss-during', 1, [0, 0, 0]],
    ['power-loss-after', 1, [1, 2, 3]],
    ['lose-response', 1, [1, 2, 3]],
  ] as const)(
    '%s leaves counter %i and the zone old or new, never half',
    (name, counter, octets) => {
      const { bus, faultyBus } = faulty({ name, position: 0 })
      expect(sendProtected(faultyBus, Form.update, update, protection).status).toBe('nack')
      expect(bus.chip.memory.state.hostCounter).toBe(counter)
      expect(zoneOf(bus)).toEqual(Uint8Array.from(octets))
      const next = sendProtected(faultyBus, Form.update, update, { keys: hostKeys, counter })
      expect(next.status).toBe(0)
    },
  )

  it('ends the contexts', () => {
    const { bus, faultyBus } = faulty({ name: 'power-loss-before', position: 1 })
    ask(faultyBus, Form.generateChallenge, {})
    send(faultyBus, Form.update, update)
    expect(bus.chip.volatile.challenge).toBeUndefined()
  })
})

describe('a chip that refuses', () => {
  it('answers the status that was asked for, and executes nothing', () => {
    const { bus, faultyBus } = faulty({ name: 'answer-status', position: 0, value: 8 })
    expect(send(faultyBus, Form.update, update).status).toBe(8)
    expect(zoneOf(bus)).toEqual(Uint8Array.of(0, 0, 0))
    expect(send(faultyBus, Form.update, update).status).toBe(0)
  })
})

describe('another chip', () => {
  it('answers with a serial number of its own', () => {
    const { faultyBus } = faulty({ name: 'swap-identity', position: 1 })
    const before = ask(faultyBus, Form.queryProductData, {})
    const after = ask(faultyBus, Form.queryProductData, {})
    expect(after).not.toEqual(before)
    expect(ask(faultyBus, Form.queryHostKeySlotV2, {})).toMatchObject({ presence: 0 })
  })
})

describe('counters at their end', () => {
  it('refuse protected commands and decrements', () => {
    const { faultyBus } = faulty({ name: 'exhaust-counters', position: 0 })
    expect(ask(faultyBus, Form.queryHostKeySlotV2, {}).counter).toBe(0xffff_ffff)
    const protection = { keys: hostKeys, counter: 0xffff_ffff }
    expect(sendProtected(faultyBus, Form.reset, {}, protection).status).toBe(0x09)
    const decrement = { option: {}, zone: 5, offset: 0, amount: 1, data: new Uint8Array() }
    expect(send(faultyBus, Form.decrement, decrement).status).toBe(0x13)
  })
})

describe('a chip that takes its time', () => {
  it('does not acknowledge until the nominal time is over (1.6)', async () => {
    const clock = new VirtualClock()
    const bus = new SimulatedBus({ state: chipOf(spl05Profile), clock })
    expect(bus.write(frameOf(Form.echo, { data }))).toBe('done')
    expect(bus.read(5)).toBe('nack')
    expect(bus.write(frameOf(Form.echo, { data }))).toBe('nack')
    await clock.sleep(commandTable.echo.nominalMs)
    expect(bus.read(5)).not.toBe('nack')
    bus.write(frameOf(Form.startHash, { algorithm: 'SHA-256', message: data }))
    await clock.sleep(19)
    expect(bus.read(5)).toBe('nack')
    await clock.sleep(1)
    expect(bus.read(5)).not.toBe('nack')
  })
})

describe('the profile', () => {
  it('makes the chip that every fault test starts from', () => {
    expect(freshState.zones).toHaveLength(12)
    expect(freshState.zones.reduce((sum, zone) => sum + zone.data.length, 0)).toBe(16_392)
  })
})
