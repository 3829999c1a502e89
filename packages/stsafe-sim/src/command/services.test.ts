import { fromHex } from '@keyline/bytes'
import { publicKeyOf } from '@keyline/crypto'
import { Form, Status } from '@keyline/stsafe/layout'
import { describe, expect, it } from 'vitest'
import { SimulatedBus } from '../bus/simulated-bus.ts'
import { chipOf, spl05Profile } from '../nvm/profile.ts'
import { trueRandomness } from '../nvm/randomness.ts'
import { chipWith, slotsWith } from '../testing/chips.ts'
import { ask, send } from '../testing/plain-host.ts'

const ok = { status: Status.ok }
const key16 = '5a'.repeat(16)
const nonce = fromHex('000102030405060708090a0b0c')
const none = new Uint8Array()
const noFlags = {
  changeRight: false,
  establishSymmetricKeys: false,
  startKekSession: false,
  entityAuthentication: false,
  establishHostKey: false,
}

describe('a password', () => {
  const password = fromHex('01'.repeat(16))
  const wrong = fromHex('02'.repeat(16))

  it('is blocked behind three wrong tries, and a right one restores them (D-08)', () => {
    const bus = chipWith()
    expect(send(bus, Form.verifyPassword, { password }).status).toBe(Status.keyNotFound)
    expect(send(bus, Form.putPassword, { password, maxTries: undefined })).toMatchObject(ok)
    expect(ask(bus, Form.verifyPassword, { password: wrong })).toEqual({
      verified: 0,
      remainingTries: 2,
    })
    expect(ask(bus, Form.verifyPassword, { password })).toEqual({ verified: 1, remainingTries: 3 })
    for (const left of [2, 1, 0]) {
      expect(ask(bus, Form.verifyPassword, { password: wrong }).remainingTries).toBe(left)
    }
    expect(send(bus, Form.verifyPassword, { password }).status).toBe(Status.passwordBlocked)
  })

  it('guards the life cycle, and a locked chip answers five commands (D-48)', () => {
    const bus = chipWith({ password: { value: password, remainingTries: 3, maxTries: 3 } })
    const lock = { state: 0x83 }
    expect(send(bus, Form.putLifeCycleState, { state: 4 }).status).toBe(
      Status.invalidLifeCycleState,
    )
    expect(send(bus, Form.putLifeCycleState, lock).status).toBe(Status.accessConditionNotSatisfied)
    ask(bus, Form.verifyPassword, { password })
    expect(send(bus, Form.putLifeCycleState, lock)).toMatchObject(ok)
    expect(send(bus, Form.generateRandom, { size: 1 }).status).toBe(Status.invalidLifeCycleState)
    expect(send(bus, Form.echo, { data: none })).toMatchObject(ok)
    expect(ask(bus, Form.queryLifeCycleState, {})).toBe('operational-locked')
    bus.reset()
    expect(send(bus, Form.putLifeCycleState, { state: 3 }).status).toBe(
      Status.accessConditionNotSatisfied,
    )
    ask(bus, Form.verifyPassword, { password })
    expect(send(bus, Form.putLifeCycleState, { state: 3 })).toMatchObject(ok)
    expect(send(bus, Form.generateRandom, { size: 1 })).toMatchObject(ok)
  })
})

describe('the password slot', () => {
  it('tells presence and tries, and is emptied by one command', () => {
    const bus = chipWith()
    expect(ask(bus, Form.queryPassword, {})).toEqual({ presence: 0, remainingTries: 0 })
    expect(send(bus, Form.deletePassword, {}).status).toBe(Status.keyNotFound)
    ask(bus, Form.putPassword, { password: new Uint8Array(16), maxTries: 9 })
    expect(ask(bus, Form.queryPassword, {})).toEqual({ presence: 1, remainingTries: 9 })
    expect(send(bus, Form.deletePassword, {})).toMatchObject(ok)
    expect(ask(bus, Form.queryPassword, {}).presence).toBe(0)
  })
})

describe('a symmetric key', () => {
  it('with a counter counts up into the nonce, to the end and not beyond (D-16)', () => {
    const bus = chipWith({ symmetricSlots: slotsWith(['0000000000080482', key16]) })
    const request = { slot: 0, nonce, aad: none, message: Uint8Array.of(1, 2) }
    const first = ask(bus, Form.encryptCcm, request).octets
    expect([...first.subarray(-5)]).toEqual([1, 0, 0, 0, 1])
    const second = ask(bus, Form.encryptCcm, request).octets
    expect([...second.subarray(-5)]).toEqual([1, 0, 0, 0, 2])
    const { memory } = bus.chip
    const { symmetricSlots } = memory.state
    const atEnd = symmetricSlots.map(({ control, key }) => ({
      control,
      key: key && { ...key, counter: 0xffff_ffff },
    }))
    memory.commit({ ...memory.state, symmetricSlots: atEnd })
    expect(send(bus, Form.encryptCcm, request).status).toBe(Status.counterLimitExceeded)
  })

  it('shows no plaintext where the tag is wrong (D-15)', () => {
    const bus = chipWith({ symmetricSlots: slotsWith(['00000000000c0400', key16]) })
    const request = { slot: 0, nonce, aad: none, ciphertext: new Uint8Array(8) }
    expect(send(bus, Form.decryptCcm, request)).toMatchObject({ payload: Uint8Array.of(0) })
  })

  it('without the usage is refused before its mode is looked at (D-46)', () => {
    const symmetricSlots = slotsWith(['00000001000801', key16], ['00010001000204', key16])
    const bus = chipWith({ symmetricSlots })
    const mac = { slot: 0, macLength: 4, message: none }
    expect(send(bus, Form.generateMac, mac).status).toBe(Status.wrongKeyUsage)
    expect(send(bus, Form.encryptEcb, { slot: 0, message: none }).status).toBe(
      Status.wrongModeOfOperation,
    )
    expect(send(bus, Form.encryptEcb, { slot: 1, message: none }).status).toBe(Status.wrongKeyUsage)
    expect(send(bus, Form.generateMac, { ...mac, slot: 1, macLength: 3 }).status).toBe(
      Status.wrongMacLength,
    )
    expect(send(bus, Form.generateMac, { ...mac, slot: 1, macLength: 17 }).status).toBe(
      Status.wrongMacLength,
    )
    expect(send(bus, Form.generateMac, { ...mac, slot: 2 }).status).toBe(Status.keyNotFound)
    expect(send(bus, Form.generateMac, { ...mac, slot: 16 }).status).toBe(Status.valueOutOfRange)
  })

  it('is erased by its lock indicator (D-30)', () => {
    const symmetricSlots = slotsWith(
      ['000000020000', key16],
      ['010100020000', key16],
      ['020200020000', key16],
    )
    const bus = chipWith({ symmetricSlots })
    const erased = (slot: number) => send(bus, Form.eraseSymmetricKeySlot, { slot }).status
    expect([0, 1, 2, 3, 16].map(erased)).toEqual([0, 0x0b, 0, 0x0a, 0x03])
    expect(erased(0)).toBe(Status.keyNotFound)
  })

  it('is fed by chunks in order, one operation at a time (D-17)', () => {
    const bus = chipWith({ symmetricSlots: slotsWith(['0000000000300400', key16]) })
    const chunk = { aad: none, message: Uint8Array.of(1) }
    expect(send(bus, Form.processEncrypt, chunk).status).toBe(Status.sessionError)
    const start = { slot: 0, nonce, totalAad: 1, totalMessage: 2, ...chunk }
    expect(send(bus, Form.startEncryptCcm, start)).toMatchObject(ok)
    const late = { aad: Uint8Array.of(1), message: none }
    expect(send(bus, Form.processEncrypt, late).status).toBe(Status.inconsistentCommandData)
    const other = { aad: none, ciphertext: Uint8Array.of(1) }
    expect(send(bus, Form.processDecrypt, other).status).toBe(Status.sessionError)
    expect(send(bus, Form.finishEncrypt, chunk).status).toBe(Status.inconsistentCommandData)
    expect(send(bus, Form.finishEncrypt, chunk).status).toBe(Status.sessionError)
  })
})

describe('a key pair', () => {
  it('in slot FF agrees once and signs never (D-40)', () => {
    const bus = chipWith()
    const request = { slot: 0xff, usageLimit: 1, curve: 'P-256' as const }
    const { publicKey } = ask(bus, Form.generateKeyPair, request)
    expect(send(bus, Form.generateSignature, { slot: 0xff, message: none }).status).toBe(
      Status.wrongModeOfOperation,
    )
    expect(send(bus, Form.establishKey, { slot: 0xff, publicKey })).toMatchObject(ok)
    expect(send(bus, Form.establishKey, { slot: 0xff, publicKey }).status).toBe(Status.keyNotFound)
  })

  it('signs as often as its limit allows (D-39)', () => {
    const bus = chipWith()
    ask(bus, Form.generateKeyPair, { slot: 0, usageLimit: 2, curve: 'P-256' })
    const sign = () => send(bus, Form.generateSignature, { slot: 0, message: key32 }).status
    const key32 = new Uint8Array(32)
    expect([sign(), sign(), sign()]).toEqual([0, 0, Status.keyBlocked])
  })

  it('agrees with points of its curve alone (D-42)', () => {
    const bus = chipWith()
    ask(bus, Form.generateKeyPair, { slot: 1, usageLimit: 0xffff, curve: 'P-256' })
    ask(bus, Form.generateKeyPair, { slot: 2, usageLimit: 0xffff, curve: 'Ed25519' })
    const agree = (slot: number, length: number) =>
      send(bus, Form.establishKey, { slot, publicKey: new Uint8Array(length).fill(3) }).status
    expect(agree(1, 64)).toBe(Status.invalidPublicKey)
    expect(agree(1, 96)).toBe(Status.inconsistentCommandData)
    expect(agree(2, 32)).toBe(Status.wrongModeOfOperation)
    expect(agree(3, 64)).toBe(Status.keyNotFound)
    expect(agree(7, 64)).toBe(Status.valueOutOfRange)
  })
})

describe('an entity', () => {
  it('is asked for its signature once a challenge, with a key that may authenticate it (D-37)', () => {
    const key = {
      curve: 'P-256',
      publicKey: publicKeyOf('P-256', fromHex('33'.repeat(32))),
    } as const
    const flags = { ...noFlags, entityAuthentication: true }
    const publicKeys = [
      { flags, key },
      { flags: noFlags, key },
      { flags, key: undefined },
    ]
    const bus = chipWith({ publicKeys })
    const signature = new Uint8Array(64).fill(1)
    const verify = (slot: number) => send(bus, Form.verifyEntitySignature, { slot, signature })
    expect([3, 2, 1, 0].map((slot) => verify(slot).status)).toEqual([
      Status.valueOutOfRange,
      Status.keyNotFound,
      Status.wrongKeyUsage,
      Status.challengeMissing,
    ])
    ask(bus, Form.generateChallenge, {})
    expect(verify(0)).toMatchObject({ status: Status.ok, payload: Uint8Array.of(0) })
    expect(verify(0).status).toBe(Status.challengeMissing)
  })
})

describe('a KEK session', () => {
  it('needs an ephemeral key of the chip, which is used up (D-33), and one to stop (D-34)', () => {
    const bus = chipWith()
    const other = ask(chipWith(), Form.generateEcdheKeyPair, { curve: 'P-256' })
    const start = () =>
      send(bus, Form.startVolatileKekSession, { host: other, authentication: undefined }).status
    expect(start()).toBe(Status.keyNotFound)
    ask(bus, Form.generateEcdheKeyPair, { curve: 'P-384' })
    expect(start()).toBe(Status.keyNotFound)
    ask(bus, Form.generateEcdheKeyPair, { curve: 'P-256' })
    expect([start(), start()]).toEqual([0, Status.keyNotFound])
    const envelope = new Uint8Array(48)
    expect(send(bus, Form.writeSymmetricKeyWrapped, { envelope }).status).toBe(
      Status.commandDecryptionError,
    )
    expect(bus.chip.volatile.kek?.index).toBe(1)
    const stop = () => send(bus, Form.stopVolatileKekSession, {}).status
    expect([stop(), stop()]).toEqual([0, Status.sessionError])
    expect(send(bus, Form.generateEcdheKeyPair, { curve: 'Ed25519' }).status).toBe(
      Status.valueOutOfRange,
    )
  })
})

describe('a local envelope', () => {
  it('takes whole blocks of 8 octets and a slot with a key (D-18)', () => {
    const bus = chipWith()
    const wrap = (length: number) =>
      send(bus, Form.wrapLocalEnvelope, { slot: 0, payload: new Uint8Array(length) }).status
    expect(wrap(16)).toBe(Status.keyNotFound)
    expect(send(bus, Form.generateLocalEnvelopeKey, { slot: 0, type: 'AES-256' })).toMatchObject(ok)
    expect([16, 8, 17].map(wrap)).toEqual([0, 2, 2])
    const again = send(bus, Form.generateLocalEnvelopeKey, { slot: 0, type: 'AES-128' })
    expect(again.status).toBe(Status.accessConditionNotSatisfied)
    const wrapped = new Uint8Array(24)
    expect(send(bus, Form.unwrapLocalEnvelope, { slot: 0, wrapped }).status).toBe(2)
  })
})

describe('a reset', () => {
  it('ends every context and keeps the rest', () => {
    const bus = chipWith()
    ask(bus, Form.generateEcdheKeyPair, { curve: 'P-256' })
    ask(bus, Form.startHash, { algorithm: 'SHA-256', message: Uint8Array.of(1) })
    ask(bus, Form.generateChallenge, {})
    ask(bus, Form.update, { option: {}, zone: 1, offset: 0, data: Uint8Array.of(7) })
    ask(bus, Form.reset, {})
    expect(send(bus, Form.finishHash, { message: none }).status).toBe(Status.sessionError)
    expect(bus.chip.volatile.ecdhe).toBeUndefined()
    expect(bus.chip.volatile.challenge).toBeUndefined()
    const read = { option: {}, zone: 1, offset: 0, length: 1 }
    expect(ask(bus, Form.readData, read)).toEqual({ data: Uint8Array.of(7) })
  })
})

describe('a chip with chance of its own', () => {
  it('draws what no other one draws, and signs so that it verifies', () => {
    const [one, two] = [chipWithChance(), chipWithChance()]
    const size = { size: 16 }
    expect(ask(one, Form.generateRandom, size)).not.toEqual(ask(two, Form.generateRandom, size))
    const pair = { slot: 0, usageLimit: 2, curve: 'brainpoolP384r1' as const }
    const { publicKey } = ask(one, Form.generateKeyPair, pair)
    const message = new Uint8Array(48).fill(1)
    const first = ask(one, Form.generateSignature, { slot: 0, message }).signature
    const second = ask(one, Form.generateSignature, { slot: 0, message }).signature
    expect(second).not.toEqual(first)
    const { curve } = pair
    for (const signature of [first, second]) {
      const verification = { curve, publicKey, signature, message }
      expect(ask(two, Form.verifySignature, verification)).toEqual({ validity: 1 })
    }
  })

  it('refuses what it cannot verify', () => {
    const ed25519 = {
      curve: 'Ed25519' as const,
      publicKey: new Uint8Array(32),
      signature: new Uint8Array(64),
      variant: 'pre-hashed' as const,
      message: none,
    }
    expect(send(chipWith(), Form.verifySignature, ed25519).status).toBe(Status.valueOutOfRange)
  })
})

function chipWithChance(): SimulatedBus {
  return new SimulatedBus({ state: chipOf(spl05Profile), randomness: trueRandomness() })
}
