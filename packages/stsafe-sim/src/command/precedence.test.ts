import { concat, fromHex, toHex } from '@keyline/bytes'
import { publicKeyOf } from '@keyline/crypto'
import { encodeRequest, Form, Status, type CommandAccess } from '@keyline/stsafe/layout'
import { describe, expect, it } from 'vitest'
import type { SimulatedBus } from '../bus/simulated-bus.ts'
import { accessWith, chipWith, hostKeys, slotsWith } from '../testing/chips.ts'
import {
  ask,
  protectedFrame,
  send,
  sendProtected,
  transact,
  withCrc,
} from '../testing/plain-host.ts'

const none = new Uint8Array()
const key16 = '5a'.repeat(16)
const ok = { status: Status.ok }

/** A chip on which Generate MAC has this condition and is encrypted; slot 0 holds a CMAC key that generates. */
function chipWhere(access: CommandAccess): SimulatedBus {
  return chipWith({
    hostKeys,
    authorization: accessWith({
      code: Form.generateMac.command.code,
      access,
      encryption: { command: true, response: false },
    }),
    symmetricSlots: slotsWith(['00000001000202', key16], ['0001000100010a', key16]),
  })
}

describe('where several things are wrong at once, the first of D-55 is answered', () => {
  const code = Form.generateMac.command.code
  /** Frame of a command whose plain payload this is, protected or not. */
  const statusOf = (bus: SimulatedBus, payload: string, isProtected = true): number | string => {
    const protection = { keys: hostKeys, counter: bus.chip.memory.state.hostCounter }
    return isProtected
      ? transact(
          bus,
          protectedFrame(code, fromHex(payload), { ...protection, isCommandEncrypted: true }).frame,
        ).status
      : transact(bus, withCrc(concat(Uint8Array.of(code), fromHex(payload)))).status
  }

  it.each([
    [
      'the access condition NEVER before the encryption',
      'never',
      '',
      false,
      Status.commandNotAuthorized,
    ],
    [
      'a missing MAC before a payload that does not parse',
      'host',
      '',
      false,
      Status.accessConditionNotSatisfied,
    ],
    [
      'encryption without MAC before the payload',
      'free',
      '',
      false,
      Status.accessConditionNotSatisfied,
    ],
    ['an admin channel before the payload', 'admin', '', true, Status.accessConditionNotSatisfied],
    ['the payload before its slot', 'host', '03', true, Status.inconsistentCommandData],
    ['an unknown sub-command before its slot', 'host', '07630400', true, Status.valueOutOfRange],
    ['a slot that there is not', 'host', '0363040011', true, Status.valueOutOfRange],
    ['an empty slot before the length of the MAC', 'host', '03020011', true, Status.keyNotFound],
    ['the usage before the length of the MAC', 'host', '03010011', true, Status.wrongKeyUsage],
    ['the length of the MAC', 'host', '03000111', true, Status.wrongMacLength],
  ] as const)('%s', (_, access, payload, isProtected, status) => {
    expect(statusOf(chipWhere(access), payload, isProtected)).toBe(status)
  })

  it('the C-MAC before the end of the counter, and that before all else', () => {
    const bus = chipWhere('never')
    bus.chip.memory.commit({ ...bus.chip.memory.state, hostCounter: 0xffff_ffff })
    const wrong = { keys: { ...hostKeys, macKey: new Uint8Array(16) }, counter: 0xffff_ffff }
    expect(transact(bus, protectedFrame(code, none, wrong).frame).status).toBe(
      Status.invalidCommandMac,
    )
    expect(statusOf(bus, '')).toBe(Status.macCounterMaximumReached)
  })

  it('an unknown command is one, also where a C-MAC makes it count', () => {
    const bus = chipWith({ hostKeys })
    const { frame } = protectedFrame(0x1f1b, none, { keys: hostKeys, counter: 0 })
    expect(transact(bus, frame).status).toBe(Status.commandCodeNotSupported)
    expect(bus.chip.memory.state.hostCounter).toBe(1)
  })
})

describe('a payload', () => {
  const point = toHex(publicKeyOf('P-256', fromHex('11'.repeat(32))))
  const [x, y] = [point.slice(0, 64), point.slice(64)]
  const curve = '00082a8648ce3d030107'

  it.each([
    ['a coordinate short of one octet', `00${curve}04001f${x.slice(2)}001f${y.slice(2)}`],
    ['a coordinate too long by one octet', `00${curve}040021${x}000021${y}00`],
    ['coordinates of two lengths', `00${curve}040020${x}001f${y.slice(2)}`],
    ['octets behind its end', `00${curve}040020${x}0020${y}00`],
    ['half of a coordinate', `00${curve}040020${x.slice(32)}`],
  ])('that has %s does not parse: 02', (_, payload) => {
    const frame = withCrc(fromHex(`1f0a${payload}`))
    expect(transact(chipWith(), frame).status).toBe(Status.inconsistentCommandData)
  })

  it.each([
    ['a curve that there is not', `0000082a8648ce3d030108040020${x}0020${y}`],
    ['another point marker', `00${curve}050020${x}0020${y}`],
  ])('that has %s is out of range: 03', (_, payload) => {
    const frame = withCrc(fromHex(`1f0a${payload}`))
    expect(transact(chipWith(), frame).status).toBe(Status.valueOutOfRange)
  })
})

describe('a generic secret', () => {
  it.each([
    [15, Status.valueOutOfRange],
    [16, Status.ok],
    [32, Status.ok],
    [33, Status.valueOutOfRange],
  ])('of %i octets is answered %i (3.9.5)', (length, status) => {
    const bus = chipWith({
      symmetricSlots: slotsWith().map((slot) => ({
        ...slot,
        control: { ...slot.control, allowed: { ...slot.control.allowed, plaintext: true } },
      })),
    })
    const information = {
      lock: 'unlocked',
      slot: 0,
      type: 'generic',
      mode: 'HKDF',
      usage: ['derive'],
      returnable: true,
      keyLength: length,
    } as const
    const key = new Uint8Array(length)
    expect(send(bus, Form.writeSymmetricKeyPlaintext, { information, key }).status).toBe(status)
  })
})

describe('a command that is refused for the length of its answer (D-62)', () => {
  const iv = new Uint8Array(12)
  const long = new Uint8Array(742).fill(0x77)
  const responseEncrypted = accessWith(
    ...[Form.processEncrypt, Form.finishEncrypt].map(({ command }) => ({
      code: command.code,
      access: 'free' as const,
      encryption: { command: false, response: true },
    })),
  )

  it.each([
    ['GCM', '00000003003010'],
    ['CCM*', '0000000000301000'],
  ])('leaves a running %s operation as it was', (mode, record) => {
    // Where lengths were announced, a finish with others is refused for them.
    const refusedForms =
      mode === 'GCM' ? [Form.processEncrypt, Form.finishEncrypt] : [Form.processEncrypt]
    const chips = [0, 1].map(() =>
      chipWith({
        hostKeys,
        authorization: responseEncrypted,
        symmetricSlots: slotsWith([record, key16]),
      }),
    )
    const tags = chips.map((bus, index) => {
      const chunk = { slot: 0, aad: none, message: Uint8Array.of(1, 2, 3) }
      const started =
        mode === 'GCM'
          ? send(bus, Form.startEncryptGcm, { ...chunk, iv })
          : send(bus, Form.startEncryptCcm, {
              ...chunk,
              nonce: new Uint8Array(13),
              totalAad: 0,
              totalMessage: 4,
            })
      expect(started).toMatchObject(ok)
      let counter = 0
      if (index === 1) {
        for (const form of refusedForms) {
          const refused = sendProtected(
            bus,
            form,
            { aad: none, message: long },
            { keys: hostKeys, counter },
          )
          expect(refused.status).toBe(Status.bufferLengthExceeded)
          counter++
        }
      }
      const finished = sendProtected(
        bus,
        Form.finishEncrypt,
        { aad: none, message: Uint8Array.of(4) },
        { keys: hostKeys, counter, isResponseEncrypted: true },
      )
      expect(finished.status).toBe(Status.ok)
      return toHex(finished.payload)
    })
    expect(tags[1]).toBe(tags[0])
    expect(tags[0]).toHaveLength(2 * 17)
  })

  it('and for nothing else takes back what it has begun', () => {
    const bus = chipWith()
    ask(bus, Form.startHash, { algorithm: 'SHA-256', message: Uint8Array.of(1) })
    const payload = encodeRequest(Form.finishHash, { message: none })
    expect(transact(bus, withCrc(concat(fromHex('1f02'), payload))).status).toBe(Status.ok)
    expect(send(bus, Form.finishHash, { message: none }).status).toBe(Status.sessionError)
  })
})
