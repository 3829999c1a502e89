import { concat, fromHex } from '@keyline/bytes'
import { Form, Status, type CommandAccess } from '@keyline/stsafe/layout'
import type { SimulatedBus } from '../bus/simulated-bus.ts'
import type { ChipState } from '../nvm/state.ts'
import { describe, expect, it } from 'vitest'
import { accessWith, chipWith, freshState, hostKeys } from '../testing/chips.ts'
import {
  ask,
  frameOf,
  protectedFrame,
  send,
  sendProtected,
  transact,
  withCrc,
} from '../testing/plain-host.ts'

const noEncryption = { command: false, response: false }
const ok = { status: Status.ok }
const none = new Uint8Array()

function echoAccess(access: CommandAccess, encryption = noEncryption): ChipState['authorization'] {
  return accessWith({ code: 0x00, access, encryption })
}

function counterOf(bus: SimulatedBus): number {
  return bus.chip.memory.state.hostCounter
}

describe('the bus', () => {
  it('refuses a read when no response waits, and pads one that is too long with FF (D-01)', () => {
    const bus = chipWith()
    expect(bus.read(5)).toBe('nack')
    bus.write(frameOf(Form.reset, {}))
    expect(bus.read(8)).toEqual(fromHex('000002f078ffffff'))
    expect(bus.read(5)).toEqual(fromHex('000002f078'))
  })

  it('takes a new command while a response is unread (D-02)', () => {
    const bus = chipWith()
    bus.write(frameOf(Form.echo, { data: Uint8Array.of(1) }))
    expect(ask(bus, Form.echo, { data: Uint8Array.of(2) })).toEqual({ data: Uint8Array.of(2) })
  })

  it('takes a new address with the next reset (D-07)', () => {
    const bus = chipWith()
    const address = { address: 0x33 }
    const power = { locked: true, lowPower: 'none' as const, idle: 0 }
    expect(send(bus, Form.putI2cParameters, { address, power })).toMatchObject(ok)
    expect(bus.address).toBe(0x20)
    bus.reset()
    expect(bus.address).toBe(0x33)
    const again = send(bus, Form.putI2cParameters, { address, power })
    expect(again.status).toBe(Status.accessConditionNotSatisfied)
  })

  it('acknowledges its own address alone, the new one behind a reset (Appendix C)', () => {
    const bus = chipWith()
    const [old, moved] = [bus.calledAt(0x20), bus.calledAt(0x33)]
    const address = { address: 0x33 }
    const power = { locked: false, lowPower: 'none' as const, idle: 0 }
    expect(send(moved, Form.putI2cParameters, { address, power }).status).toBe('nack')
    expect(send(old, Form.putI2cParameters, { address, power })).toMatchObject(ok)
    expect(send(moved, Form.reset, {}).status).toBe('nack')
    expect(moved.answer({ kind: 'reset' }).kind).toBe('done')
    expect(send(old, Form.reset, {}).status).toBe('nack')
    expect(send(moved, Form.reset, {})).toMatchObject(ok)
  })

  it('answers an empty write with an acknowledge alone', () => {
    const bus = chipWith()
    expect(bus.write(none)).toBe('done')
    expect(bus.read(5)).toBe('nack')
  })
})

describe('a protected command', () => {
  const withKeys = { hostKeys, hostCounter: 5 }

  it('is refused and not counted when its C-MAC is wrong (4.3)', () => {
    const bus = chipWith(withKeys)
    const { frame } = protectedFrame(0x00, Uint8Array.of(1), { keys: hostKeys, counter: 6 })
    expect(transact(bus, frame).status).toBe(Status.invalidCommandMac)
    expect(counterOf(bus)).toBe(5)
  })

  it('counts, whatever its outcome (4.6)', () => {
    const bus = chipWith(withKeys)
    const first = sendProtected(
      bus,
      Form.queryPublicKeySlot,
      { slot: 9 },
      { keys: hostKeys, counter: 5 },
    )
    expect(first.status).toBe(Status.valueOutOfRange)
    expect(counterOf(bus)).toBe(6)
    const second = sendProtected(bus, Form.reset, {}, { keys: hostKeys, counter: 6 })
    expect(second).toEqual({ status: 0, payload: none })
    expect(counterOf(bus)).toBe(7)
  })

  it('is not executed when the counter is at its end (D-20)', () => {
    const bus = chipWith({ hostKeys, hostCounter: 0xffff_ffff })
    const protection = { keys: hostKeys, counter: 0xffff_ffff }
    const { frame } = protectedFrame(0x00, Uint8Array.of(1), protection)
    expect(transact(bus, frame).status).toBe(Status.macCounterMaximumReached)
    expect(counterOf(bus)).toBe(0xffff_ffff)
  })

  it('is refused without host keys (D-26), and when it is too short for a MAC (D-61)', () => {
    const { frame } = protectedFrame(0x00, Uint8Array.of(1), { keys: hostKeys, counter: 0 })
    expect(transact(chipWith(), frame).status).toBe(Status.keyNotFound)
    const bus = chipWith(withKeys)
    const short = withCrc(fromHex('e0010203'))
    expect(transact(bus, short).status).toBe(Status.inconsistentCommandData)
    expect(counterOf(bus)).toBe(5)
  })

  it('that does not decrypt is refused with 18 and counted (4.3)', () => {
    const encryption = { command: true, response: false }
    const bus = chipWith({ ...withKeys, authorization: echoAccess('host', encryption) })
    const { frame } = protectedFrame(0x00, new Uint8Array(16), { keys: hostKeys, counter: 5 })
    expect(transact(bus, frame).status).toBe(Status.commandDecryptionError)
    expect(counterOf(bus)).toBe(6)
  })

  it('that replaces the host keys is answered under the old ones, and the counter is 0 (D-21, D-22)', () => {
    const hostControl = { ...freshState.hostControl }
    const allowed = { ...hostControl.allowed, reprovision: true }
    const bus = chipWith({ ...withKeys, hostControl: { ...hostControl, allowed } })
    const fresh = { ...hostKeys, macKey: fromHex('ff'.repeat(16)) }
    const protection = { keys: hostKeys, counter: 5 }
    const answer = sendProtected(bus, Form.writeHostKeyPlaintext, fresh, protection)
    expect(answer).toMatchObject(ok)
    expect(counterOf(bus)).toBe(0)
    expect(sendProtected(bus, Form.reset, {}, { keys: fresh, counter: 0 })).toMatchObject(ok)
  })
})

describe('an access condition', () => {
  it.each([
    ['never', Status.commandNotAuthorized],
    ['admin', Status.accessConditionNotSatisfied],
    ['host', Status.accessConditionNotSatisfied],
    ['admin-or-host', Status.accessConditionNotSatisfied],
    ['admin-or-password', Status.accessConditionNotSatisfied],
    ['free', Status.ok],
  ] as const)('%s answers a plain command with status %i (D-24, D-25)', (access, status) => {
    const bus = chipWith({ authorization: echoAccess(access) })
    expect(send(bus, Form.echo, { data: Uint8Array.of(1) }).status).toBe(status)
  })

  it('asks for a C-MAC where an encryption flag stands (D-27)', () => {
    const authorization = echoAccess('free', { command: false, response: true })
    const bus = chipWith({ authorization, hostKeys })
    const refused = send(bus, Form.echo, { data: Uint8Array.of(1) })
    expect(refused.status).toBe(Status.accessConditionNotSatisfied)
    const protection = { keys: hostKeys, counter: 0, isResponseEncrypted: true }
    const answer = sendProtected(bus, Form.echo, { data: Uint8Array.of(1) }, protection)
    expect(answer).toEqual({ status: 0, payload: Uint8Array.of(1) })
  })

  it.each([0x03, 0x07, 0x0b, 0x12, 0x13, 0x15, 0x19, 0x1d, 0x1e, 0x1f0c, 0x1f0d, 0x1f1b])(
    'is not looked at for command %i, which the chip does not have (D-10)',
    (code) => {
      const bus = chipWith({ hostKeys, authorization: [] })
      const plain = withCrc(code > 0xff ? Uint8Array.of(0x1f, code & 0xff) : Uint8Array.of(code))
      expect(transact(bus, plain).status).toBe(Status.commandCodeNotSupported)
      const { frame } = protectedFrame(code, none, { keys: hostKeys, counter: 0 })
      expect(transact(bus, frame).status).toBe(Status.commandCodeNotSupported)
      expect(counterOf(bus)).toBe(1)
    },
  )
})

describe('a key that is none', () => {
  it('is an internal error of the chip, not one of the simulator', () => {
    const broken = { curve: 'P-256' as const, octets: new Uint8Array(32), usageLimit: 0xffff }
    const privateKeys = freshState.privateKeys.map((slot) => ({ ...slot, key: broken }))
    const message = new Uint8Array(32)
    const answer = send(chipWith({ privateKeys }), Form.generateSignature, { slot: 0, message })
    expect(answer.status).toBe(Status.unexpectedError)
  })
})

describe('a frame', () => {
  it('of more than 752 octets is refused right behind the CRC check (D-62)', () => {
    const bus = chipWith()
    expect(send(bus, Form.echo, { data: new Uint8Array(751) })).toMatchObject(ok)
    const tooLong = frameOf(Form.echo, { data: new Uint8Array(751) })
    const longer = concat(tooLong.subarray(0, -2), Uint8Array.of(0))
    expect(transact(bus, withCrc(longer)).status).toBe(Status.bufferLengthExceeded)
    expect(transact(bus, concat(longer, Uint8Array.of(0, 0))).status).toBe(1)
  })

  it('whose answer would be too long is answered 06, and nothing is done (D-62)', () => {
    const bus = chipWith()
    const option = { change: { access: 'never' as const, changeRight: false } }
    const request = { option, zone: 9, offset: 0, length: 752 }
    expect(send(bus, Form.readData, request).status).toBe(Status.bufferLengthExceeded)
    expect(bus.chip.memory.state.zones[9]?.entry.readAccess).toBe('always')
  })

  it('with octets behind its fields is inconsistent (D-53)', () => {
    const payload = concat(
      frameOf(Form.querySymmetricKeyTable, {}).subarray(0, -2),
      Uint8Array.of(0),
    )
    expect(transact(chipWith(), withCrc(payload)).status).toBe(Status.inconsistentCommandData)
  })

  it('with a tag that is not known is out of range (D-06)', () => {
    expect(transact(chipWith(), withCrc(fromHex('14ee'))).status).toBe(Status.valueOutOfRange)
    expect(transact(chipWith(), withCrc(fromHex('14'))).status).toBe(Status.inconsistentCommandData)
  })
})
