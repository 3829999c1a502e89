import { fromHex } from '@keyline/bytes'
import { hkdfSha256, hmacSha256 } from '@keyline/crypto'
import {
  Form,
  Status,
  type AccessChange,
  type DeriveOutput,
  type DeriveRequest,
  type ZoneAccess,
} from '@keyline/stsafe/layout'
import type { SimulatedBus } from '../bus/simulated-bus.ts'
import { stateToJson } from '../nvm/image.ts'
import type { ChipState } from '../nvm/state.ts'
import { describe, expect, it } from 'vitest'
import { chipWith, freshState, hostKeys, slotsWith } from '../testing/chips.ts'
import { ask, send, sendProtected } from '../testing/plain-host.ts'

const none = new Uint8Array()
const info = fromHex('f0f1')
const slotOutput: DeriveOutput = {
  to: 'slot',
  key: {
    lock: 'unlocked',
    type: 'AES-128',
    mode: 'CMAC',
    usage: ['generateMac'],
    minMacLength: 1,
  },
}

function zoneWith(readAccess: ZoneAccess, updateAccess: ZoneAccess = 'always'): Partial<ChipState> {
  const zones = freshState.zones.map((zone) => ({
    ...zone,
    entry: { ...zone.entry, readAccess, updateAccess },
  }))
  return { zones, hostKeys }
}

describe('a zone', () => {
  const read = { option: {}, zone: 1, offset: 0, length: 4 }

  it.each([
    ['always', 0, 0],
    ['host', Status.accessConditionNotSatisfied, 0],
    ['authenticated-host', Status.accessConditionNotSatisfied, Status.accessConditionNotSatisfied],
    ['never', Status.accessConditionNotSatisfied, Status.accessConditionNotSatisfied],
  ] as const)('that may be read %s answers %i in plain and %i to a host', (access, plain, host) => {
    const bus = chipWith(zoneWith(access))
    expect(send(bus, Form.readData, read).status).toBe(plain)
    const protection = { keys: hostKeys, counter: 0 }
    expect(sendProtected(bus, Form.readData, read, protection).status).toBe(host)
  })

  it('for authenticated hosts opens to one', () => {
    const bus = chipWith(zoneWith('authenticated-host'))
    bus.chip.volatile.isEntityAuthenticated = true
    const protection = { keys: hostKeys, counter: 0 }
    expect(sendProtected(bus, Form.readData, read, protection).status).toBe(0)
    expect(send(bus, Form.readData, read).status).toBe(Status.accessConditionNotSatisfied)
  })

  it.each([
    ['host', 'always', true, Status.accessConditionNotSatisfied],
    ['always', 'never', false, Status.accessConditionNotSatisfied],
    ['always', 'host', true, 0],
    ['always', 'always', true, 0],
  ] as const)(
    '%s is changed to %s, with the right %s: status %i (D-12)',
    (before, access, right, status) => {
      const zones = freshState.zones.map((zone) => ({
        ...zone,
        entry: { ...zone.entry, updateAccess: before, updateChangeRight: right },
      }))
      const bus = chipWith({ zones, hostKeys })
      const change: AccessChange = { access, changeRight: false }
      const data = Uint8Array.of(1)
      const request = { option: { change }, zone: 1, offset: 0, data }
      const answer = sendProtected(bus, Form.update, request, { keys: hostKeys, counter: 0 })
      expect(answer.status).toBe(status)
      const after = bus.chip.memory.state.zones[1]
      expect(after?.data[0]).toBe(status === 0 ? 1 : 0)
      expect(after?.entry.updateAccess).toBe(status === 0 ? access : before)
      expect(after?.entry.updateChangeRight).toBe(status === 0 ? false : right)
    },
  )

  it('ends where it ends, and is of its type', () => {
    const bus = chipWith()
    const data = Uint8Array.of(1, 2)
    const update = (zone: number, offset: number) =>
      send(bus, Form.update, { option: {}, zone, offset, data }).status
    expect([update(1, 998), update(1, 999), update(5, 0), update(12, 0)]).toEqual([
      0,
      Status.boundaryExceeded,
      Status.wrongZoneType,
      Status.entryNotFound,
    ])
    const decrement = (zone: number, amount: number) =>
      send(bus, Form.decrement, { option: {}, zone, offset: 63, amount, data: none }).status
    expect(decrement(1, 1)).toBe(Status.wrongZoneType)
    expect([decrement(5, 0xffff_ffff), decrement(5, 1)]).toEqual([0, Status.counterLimitExceeded])
  })

  it('with a counter writes its data together with the counter', () => {
    const bus = chipWith()
    const request = { option: {}, zone: 6, offset: 2, amount: 7, data: Uint8Array.of(9) }
    expect(ask(bus, Form.decrement, request)).toEqual({ counter: 0xffff_fff8 })
    expect(ask(bus, Form.readCounter, { ...read, zone: 6 })).toEqual({
      counter: 0xffff_fff8,
      data: Uint8Array.of(0, 0, 9, 0),
    })
  })
})

describe('a derivation', () => {
  const secret = fromHex('0b'.repeat(32))
  const source = ['0000020400400120', '0b'.repeat(32)] as const
  const toResponse: DeriveOutput = { to: 'response', length: 16 }

  /** The source in slot 0; these slots take derived keys. */
  function open(...slots: readonly number[]): ChipState['symmetricSlots'] {
    return slotsWith(source).map((slot, index) => ({
      ...slot,
      control: {
        ...slot.control,
        allowed: { ...slot.control.allowed, derived: slots.includes(index) },
      },
    }))
  }

  it('cuts one key stream in the order of its outputs (3.13)', () => {
    const bus = chipWith({ symmetricSlots: open(3) })
    const outputs = [toResponse, slotOutput, toResponse]
    const extract = { salt: { key: none } }
    const { status, payload } = derive(bus, { extract, expand: { info, outputs } })
    const stream = hkdfSha256({ secret, salt: none, info, length: 48 })
    expect(status).toBe(0)
    expect(payload).toEqual(Uint8Array.from([...stream.subarray(0, 16), 3, ...stream.subarray(32)]))
    expect(bus.chip.memory.state.symmetricSlots[3]?.key?.key).toEqual(stream.slice(16, 32))
  })

  it('takes the first empty slot, then the first unlocked one, and none twice (D-58)', () => {
    const bus = chipWith({ symmetricSlots: open(2, 4) })
    expect(derive(bus, expand(1)).payload).toEqual(Uint8Array.of(2))
    expect(derive(bus, expand(2)).payload).toEqual(Uint8Array.of(4, 2))
    const before = bus.chip.memory.state
    expect(derive(bus, expand(3)).status).toBe(Status.boundaryExceeded)
    expect(stateToJson(bus.chip.memory.state)).toBe(stateToJson(before))
  })

  it('by extraction leaves an erasable key that inherits the right to return (D-19)', () => {
    const bus = chipWith({ symmetricSlots: open(5) })
    const salt = Uint8Array.of(1)
    expect(derive(bus, { extract: { salt: { key: salt } } }).payload).toEqual(Uint8Array.of(5))
    const key = bus.chip.memory.state.symmetricSlots[5]?.key
    expect(key?.key).toEqual(hmacSha256(salt, secret))
    expect(key?.information).toMatchObject({ lock: 'erasable', mode: 'HKDF', returnable: true })
  })

  it.each([
    ['from another mode', '00000001000302', { expand: { info, outputs: [toResponse] } }, 0x1c],
    ['without the usage', '0000020400000120', { expand: { info, outputs: [toResponse] } }, 0x1b],
    [
      'to the host without leave',
      '0000020400400020',
      { expand: { info, outputs: [toResponse] } },
      0x1b,
    ],
    [
      'of more than 32 outputs',
      '0000020400400120',
      { expand: { info, outputs: Array.from({ length: 33 }, () => toResponse) } },
      0x02,
    ],
    ['of nothing', '0000020400400120', {}, 0x02],
    [
      'with another hash',
      '0000020400400120',
      { hash: 'SHA-512', expand: { info, outputs: [toResponse] } },
      0x03,
    ],
  ] as const)('%s is refused (D-47)', (_, record, request, status) => {
    const key = record.startsWith('00000001') ? '5a'.repeat(16) : '0b'.repeat(32)
    const bus = chipWith({ symmetricSlots: slotsWith([record, key]) })
    expect(derive(bus, request).status).toBe(status)
  })

  it('by expansion alone takes a key of 32 octets (D-47)', () => {
    const bus = chipWith({ symmetricSlots: slotsWith(['0000020400400110', '0b'.repeat(16)]) })
    const expand = { info, outputs: [toResponse] }
    expect(derive(bus, { expand }).status).toBe(Status.wrongKeyType)
    const extract = { salt: { key: none } }
    expect(derive(bus, { extract, expand }).status).toBe(0)
  })
})

function derive(bus: SimulatedBus, request: Partial<DeriveRequest>) {
  return send(bus, Form.deriveKeys, { input: { slot: 0 }, hash: 'SHA-256', ...request })
}

/** An expansion to so many slots. */
function expand(count: number): Pick<DeriveRequest, 'expand'> {
  return { expand: { info, outputs: Array.from({ length: count }, () => slotOutput) } }
}
