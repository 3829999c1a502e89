import { fromHex, Secret, toHex } from '@keyline/bytes'
import { chipOf, seededRandomness, SimulatedBus, spl05Profile } from '@keyline/stsafe-sim'
import { describe, expect, it } from 'vitest'
import type { KeyInformation } from './layout/symmetric-key.ts'
import {
  cmacKey,
  errorOf,
  hostKeys,
  message,
  openBench as open,
  openProtectedBench as openProtected,
  permanent,
} from './testing/bench.ts'

/** A chip of the default profile. */
function simulated(): SimulatedBus {
  return new SimulatedBus({ state: chipOf(spl05Profile), randomness: seededRandomness('bench') })
}

const openBench = () => open(simulated())
const openProtectedBench = () => openProtected(simulated())

describe('a chip that is opened', () => {
  it('is identified, its authorization table read', async () => {
    const { chip } = await openBench()
    expect(chip.deviceType.name).toBe('STSAFE-A120')
    expect(await chip.device.lifeCycleState()).toBe('operational')
    const { records, changeRights } = await chip.device.commandAuthorization()
    expect(records).toHaveLength(45)
    expect(changeRights).toEqual({ access: true, encryption: true })
  })

  it('answers echo, random numbers of any size, and digests', async () => {
    const { chip, recorder } = await openBench()
    expect(await chip.device.echo(message)).toEqual(message)
    expect(await chip.device.random(600)).toHaveLength(600)
    expect(recorder.commands).toEqual([0x00, 0x02, 0x02, 0x02])
    expect(await chip.device.random(0)).toHaveLength(0)
    expect(toHex(await chip.hashes.compute('SHA-256', fromHex('616263')))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
  })

  it('serves callers one after the other', async () => {
    const { chip } = await openBench()
    const echoes = Array.from({ length: 8 }, (_, index) => Uint8Array.of(index))
    const results = await Promise.all(echoes.map((data) => chip.device.echo(data)))
    expect(results).toEqual(echoes)
  })

  it('goes from nothing to a wrapped key and a verified MAC', async () => {
    const { chip } = await openBench()
    const control = {
      allowed: {
        establishAnonymous: true,
        wrappedAnonymous: true,
        put: false,
        changeRight: false,
        plaintext: false,
        derived: false,
      },
      wrappedSignerSlot: 0xff,
      establishSignerSlot: 0xff,
    }
    await chip.symmetricKeys.putControl(0, control, permanent)
    const key = new Secret(new Uint8Array(16).fill(0x5a))
    await chip.symmetricKeys.writeWrapped(cmacKey, key, { curve: 'P-256' })
    const mac = await chip.macs.compute({ slot: 0, message, length: 4 })
    expect(toHex(mac)).toBe('be4ca3f2')
    expect(await chip.macs.verify({ slot: 0, message, mac })).toBe(true)
  })

  it('holds the keys that were established with it', async () => {
    const { chip } = await openBench()
    const control = await chip.hostKeys.control()
    const allowed = { ...control.allowed, wrappedAnonymous: true, reprovision: true }
    await chip.hostKeys.putControl({ ...control, allowed })
    const keys = await chip.hostKeys.establish('AES-256', { curve: 'X25519' })
    expect(await chip.hostKeys.prove(keys)).toBe(true)
    expect(await chip.hostKeys.prove(hostKeys())).toBe(false)
    const wrong = { ...keys, macKey: new Secret(new Uint8Array(32)) }
    expect(await chip.hostKeys.prove(wrong)).toBe(false)
    expect(await chip.hostKeys.slot()).toEqual({ presence: true, type: 'AES-256', counter: 1 })
  })
})

describe('what cannot be undone', () => {
  it('is not sent without confirmation, which says what becomes permanent', async () => {
    const { chip, recorder, events } = await openBench()
    const refused = [
      chip.device.putCommandAccess([]),
      chip.device.putCommandEncryption([]),
      chip.zones.changeReadAccess(1, { access: 'never', changeRight: false }),
      chip.symmetricKeys.erase(0),
      chip.symmetricKeys.write({ ...cmacKey, lock: 'locked' }, new Secret(new Uint8Array(16))),
      chip.publicKeys.write(0, { curve: 'X25519', publicKey: new Uint8Array(32) }),
    ]
    for (const work of refused) expect((await errorOf(work)).code).toBe('STSAFE_CONFIRMATION')
    expect(recorder.commands).toEqual([])
    expect(events).toEqual([])
    await chip.zones.changeReadAccess(1, { access: 'host', changeRight: false }, permanent)
    expect(events).toEqual([
      {
        kind: 'permanent',
        what: 'the read condition of zone 1 becomes host and can never be changed again',
      },
    ])
  })
})

describe('arguments outside of what the chip allows', () => {
  it('are refused before anything goes on the bus', async () => {
    const { chip, recorder } = await openBench()
    const short = new Uint8Array(12)
    const plaintext = message
    const refused = [
      chip.ciphers.encryptCcm({ slot: 0, nonce: short, plaintext, tagLength: 8 }),
      chip.ciphers.encryptCcm({ slot: 0, plaintext, tagLength: 17 }),
      chip.ciphers.encryptGcm({ slot: 0, iv: new Uint8Array(), plaintext, tagLength: 16 }),
      chip.ciphers.encryptCcm({ slot: 0, plaintext, tagLength: 5 }),
      chip.ciphers.encryptGcm({ slot: 0, plaintext, tagLength: 11 }),
      chip.ciphers.encryptEcb(0, short),
      chip.macs.compute({ slot: 0, message, length: 33 }),
      chip.envelopes.wrap(0, new Uint8Array(481)),
      chip.zones.update({ zone: 1, offset: 0, data: new Uint8Array() }),
      chip.zones.decrement({ zone: 5, offset: 0, data: message, amount: 0 }),
      chip.device.echo(new Uint8Array()),
      chip.device.verifyPassword(short),
      chip.symmetricKeys.write(cmacKey, new Secret(short)),
      chip.hostKeys.establish('AES-128', { curve: 'Ed25519' }),
      chip.ecc.sign({ slot: 0, curve: 'X25519', message }),
      chip.ecc.sharedSecret({ slot: 0, curve: 'P-256', publicKey: short }),
    ]
    for (const work of refused) expect((await errorOf(work)).code).toBe('STSAFE_ARGUMENT')
    expect(recorder.commands).toEqual([])
    const long = await errorOf(chip.device.echo(new Uint8Array(752)))
    expect(long).toMatchObject({ code: 'STSAFE_FRAME_SIZE', details: { sent: false } })
    expect(recorder.commands).toEqual([])
  })
})

describe('attributes that do not fit the mode of a key', () => {
  const base = { lock: 'unlocked', slot: 0, type: 'AES-128' } as const
  const cmac = { ...base, mode: 'CMAC', usage: ['generateMac'], minMacLength: 4 } as const
  const ccm = { ...base, mode: 'CCM*', usage: ['encrypt'], tagLength: 8 } as const
  const hmac = { ...cmac, type: 'generic', mode: 'HMAC', keyLength: 32 } as const
  const cases: ReadonlyArray<readonly [KeyInformation, string]> = [
    [{ ...cmac, type: 'generic' }, 'AES-128 or AES-256'],
    [{ ...cmac, usage: ['encrypt'] }, 'generateMac or verifyMac'],
    [{ ...cmac, minMacLength: 17 }, '1 to 16'],
    [{ ...ccm, tagLength: 5 }, '0 or 4 or 6 or 8 or 10 or 12 or 14 or 16'],
    [{ ...ccm, counterOffset: 10 }, '0 to 9'],
    [{ ...ccm, mode: 'GCM', tagLength: 0 }, '4 or 8 or 12 or 13 or 14 or 15 or 16'],
    [{ ...hmac, minMacLength: 33 }, '1 to 32'],
    [{ ...hmac, keyLength: 15 }, '16 to 32'],
    [{ ...hmac, type: 'AES-128' }, 'generic'],
  ]

  it.each(cases)('are refused before anything is sent: %j', async (information, allowed) => {
    const { chip, recorder } = await openBench()
    const key = new Secret(new Uint8Array(16))
    const curve = 'P-256'
    const { slot: _, ...derived } = information
    const input = { input: { slot: 0 }, salt: message, info: message }
    const refused = [
      chip.symmetricKeys.write(information, key),
      chip.symmetricKeys.writeWrapped(information, key, { curve }),
      chip.symmetricKeys.establish([cmacKey, information], { curve }),
      chip.derivation.deriveToSlot(input, derived),
    ]
    for (const work of refused) {
      const error = await errorOf(work)
      expect(error.code).toBe('STSAFE_ARGUMENT')
      expect(error.message).toContain(allowed)
    }
    expect(recorder.commands).toEqual([])
  })
})

describe('nonces and tags', () => {
  it('are drawn and returned unless given, and short tags are warned of', async () => {
    const { chip, events } = await openBench()
    const control = await chip.symmetricKeys.control(0)
    const allowed = { ...control.allowed, plaintext: true }
    await chip.symmetricKeys.putControl(0, { ...control, allowed })
    const information: KeyInformation = {
      lock: 'unlocked',
      slot: 0,
      type: 'AES-128',
      mode: 'CCM*',
      usage: ['encrypt', 'decrypt'],
      tagLength: 4,
    }
    await chip.symmetricKeys.write(information, new Secret(new Uint8Array(16).fill(0x5a)))
    const input = { slot: 0, plaintext: message, tagLength: 4 }
    const first = await chip.ciphers.encryptCcm(input)
    const second = await chip.ciphers.encryptCcm(input)
    expect(first.nonce).toHaveLength(13)
    expect(toHex(first.nonce)).not.toBe(toHex(second.nonce))
    expect(await chip.ciphers.decryptCcm({ slot: 0, ...first })).toEqual(message)
    const tag = first.tag.map((octet) => octet ^ 1)
    expect(await chip.ciphers.decryptCcm({ slot: 0, ...first, tag })).toBeUndefined()
    expect(events).toContainEqual({ kind: 'short-tag', operation: 'CCM*', tagLength: 4 })
  })
})

describe('a session', () => {
  it('is refused without host keys, and with keys of another length', async () => {
    const { chip } = await openBench()
    expect((await errorOf(chip.openSession(hostKeys()))).code).toBe('STSAFE_HOST_KEYS_MISSING')
    await chip.hostKeys.provision(hostKeys())
    const long = { ...hostKeys(), macKey: new Secret(new Uint8Array(32)) }
    expect((await errorOf(chip.openSession(long))).code).toBe('STSAFE_ARGUMENT')
  })

  it('is demanded where the table says so, and forgotten when it is closed', async () => {
    const { chip, recorder } = await openProtectedBench()
    await chip.closeSession()
    expect((await errorOf(chip.device.echo(message))).code).toBe('STSAFE_SESSION_MISSING')
    expect(recorder.commands).toEqual([])
  })
})
