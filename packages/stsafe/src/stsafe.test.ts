import { fromHex, Secret, seededRandom, toHex, VirtualClock } from '@keyline/bytes'
import {
  chipOf,
  FaultyBus,
  seededRandomness,
  SimulatedBus,
  spl05Profile,
  type Fault,
} from '@keyline/stsafe-sim'
import { describe, expect, it } from 'vitest'
import { inProcessTransport, type BusResponder } from './bus/in-process.ts'
import type { StsafeEvent } from './chip/context.ts'
import { StsafeError } from './errors.ts'
import type { BusRequest } from './layout/byte-stream.ts'
import { accessTableCodes, commandTable } from './layout/command.ts'
import type { KeyInformation } from './layout/symmetric-key.ts'
import { openStsafe, type Stsafe } from './stsafe.ts'

const message = fromHex('000102030405060708090a0b0c0d0e0f')
const permanent = { permanent: true } as const

const cmacKey: KeyInformation = {
  lock: 'unlocked',
  slot: 0,
  type: 'AES-128',
  mode: 'CMAC',
  usage: ['verifyMac', 'generateMac'],
  minMacLength: 2,
}

function hostKeys(fill = 0x11) {
  return {
    type: 'AES-128',
    macKey: new Secret(new Uint8Array(16).fill(fill)),
    cipherKey: new Secret(new Uint8Array(16).fill(fill + 1)),
  } as const
}

/** What went over the bus, and the codes of the commands in it. */
class Recorder implements BusResponder {
  readonly commands: number[] = []
  readonly #bus: BusResponder

  constructor(bus: BusResponder) {
    this.#bus = bus
  }

  answer(request: BusRequest) {
    if (request.kind === 'write') {
      const [first = 0, second = 0] = request.data
      this.commands.push((first & 0x1f) === 0x1f ? 0x1f00 | second : first & 0x1f)
    }
    return this.#bus.answer(request)
  }
}

interface Bench {
  readonly chip: Stsafe
  readonly bus: SimulatedBus
  readonly recorder: Recorder
  readonly events: StsafeEvent[]
}

/** A chip of the default profile, its faults counted from the first command after the opening. */
async function openBench(script: readonly Fault[] = []): Promise<Bench> {
  const randomness = seededRandomness('bench')
  const bus = new SimulatedBus({ state: chipOf(spl05Profile), randomness })
  const shifted = script.map((fault) => ({ ...fault, position: fault.position + 3 }))
  const recorder = new Recorder(new FaultyBus(bus, shifted))
  const events: StsafeEvent[] = []
  const chip = await openStsafe(inProcessTransport(recorder), {
    clock: new VirtualClock(),
    random: seededRandom('host'),
    onEvent: (event) => events.push(event),
  })
  recorder.commands.length = 0
  return { chip, bus, recorder, events }
}

/** Host keys, a session, and Echo at HOST. */
async function openProtectedBench(script: readonly Fault[] = []): Promise<Bench> {
  const bench = await openBench(script.map((fault) => ({ ...fault, position: fault.position + 6 })))
  const { chip } = bench
  await chip.hostKeys.provision(hostKeys())
  await chip.device.putCommandAccess(
    accessTableCodes.map((code) => ({
      code,
      access:
        code === commandTable.echo.code || code === commandTable.decrement.code ? 'host' : 'free',
    })),
    permanent,
  )
  await chip.initialise()
  await chip.openSession(hostKeys())
  bench.recorder.commands.length = 0
  return bench
}

async function errorOf(work: Promise<unknown>): Promise<StsafeError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof StsafeError) return error
  throw new TypeError(`expected an error of the chip, got ${String(error)}`)
}

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
    const long = await errorOf(chip.device.echo(new Uint8Array(752)))
    expect(long).toMatchObject({ code: 'STSAFE_FRAME_SIZE', details: { sent: false } })
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

describe('a lost answer', () => {
  it.each(['lose-response', 'flip-response', 'cut-response'] as const)(
    'after %s leaves the session in doubt, and the next command asks the chip for its counter',
    async (name) => {
      const value = name === 'flip-response' ? 40 : undefined
      const { chip, recorder } = await openProtectedBench([{ name, position: 1, value }])
      await chip.device.echo(message)
      expect(chip.sessionCounter).toBe(1)
      const error = await errorOf(chip.device.echo(message))
      expect(['STSAFE_BUS_BUSY', 'STSAFE_FRAME_CRC']).toContain(error.code)
      expect(chip.sessionCounter).toBe(1)
      expect(await chip.device.echo(message)).toEqual(message)
      expect(chip.sessionCounter).toBe(3)
      expect(recorder.commands.slice(-2)).toEqual([0x14, 0x00])
    },
  )

  it('tells whether the chip has counted the command', async () => {
    const lost = await openProtectedBench([{ name: 'lose-response', position: 0 }])
    await errorOf(lost.chip.device.echo(message))
    expect(await lost.chip.resynchronise()).toBe('executed')
    expect(await lost.chip.resynchronise()).toBeUndefined()

    const broken = await openProtectedBench([{ name: 'bus-error', position: 0 }])
    await errorOf(broken.chip.device.echo(message))
    expect(await broken.chip.resynchronise()).toBe('not-executed')
  })

  it('never repeats a decrement: the outcome is unknown until the counter is read', async () => {
    const { chip, recorder } = await openProtectedBench([{ name: 'lose-response', position: 0 }])
    const input = { zone: 5, offset: 0, data: message, amount: 1 }
    const error = await errorOf(chip.zones.decrement(input))
    expect(error).toMatchObject({
      code: 'STSAFE_OUTCOME_UNKNOWN',
      details: { command: 'Decrement', reason: 'STSAFE_BUS_BUSY' },
    })
    expect(recorder.commands).toEqual([0x04])
    expect(await chip.resynchronise()).toBe('executed')
    const { counter } = await chip.zones.readCounter({ zone: 5, offset: 0, length: 0 })
    expect(counter).toBe(0xffff_fffe)
  })

  it('of new host keys is settled by a proof of the keys', async () => {
    const { chip } = await openBench([{ name: 'lose-response', position: 0 }])
    const keys = hostKeys(0x33)
    const error = await errorOf(chip.hostKeys.provision(keys))
    expect(error.code).toBe('STSAFE_OUTCOME_UNKNOWN')
    expect(await chip.hostKeys.prove(keys)).toBe(true)
  })

  it('ends in a typed error when the wrong answer comes', async () => {
    const { chip } = await openProtectedBench([{ name: 'replay-response', position: 1 }])
    await chip.device.echo(message)
    expect((await errorOf(chip.device.echo(message))).code).toBe('STSAFE_RESPONSE_MAC')
    expect(await chip.device.echo(message)).toEqual(message)
  })

  it('that cannot be believed is an unknown outcome of a decrement, settled before the next command', async () => {
    const { chip, recorder } = await openProtectedBench([{ name: 'replay-response', position: 1 }])
    await chip.device.echo(message)
    const input = { zone: 5, offset: 0, data: message, amount: 1 }
    expect(await errorOf(chip.zones.decrement(input))).toMatchObject({
      code: 'STSAFE_OUTCOME_UNKNOWN',
      details: { command: 'Decrement', reason: 'STSAFE_RESPONSE_MAC' },
    })
    expect(await chip.resynchronise()).toBe('executed')
    expect(await chip.device.echo(message)).toEqual(message)
    expect(recorder.commands).toEqual([0x00, 0x04, 0x14, 0x14, 0x00])
  })

  it('of the end of a KEK session says that the key was written', async () => {
    const { chip, bus } = await openBench([{ name: 'lose-response', position: 5 }])
    const control = await chip.symmetricKeys.control(0)
    const allowed = { ...control.allowed, wrappedAnonymous: true }
    await chip.symmetricKeys.putControl(0, { ...control, allowed })
    const key = new Secret(new Uint8Array(16).fill(0x5a))
    const written = chip.symmetricKeys.writeWrapped(cmacKey, key, { curve: 'P-256' })
    expect(await errorOf(written)).toMatchObject({
      code: 'STSAFE_BUS_BUSY',
      message: expect.stringContaining('the key was written'),
      details: { written: true },
    })
    expect(bus.chip.memory.state.symmetricSlots[0]?.key).toBeDefined()
  })

  it('is an exhausted counter at its maximum, named as such', async () => {
    const { chip } = await openProtectedBench([{ name: 'exhaust-counters', position: 0 }])
    const first = await errorOf(chip.device.echo(message))
    expect(['CHIP_COMMAND_MAC', 'CHIP_COUNTER_EXHAUSTED']).toContain(first.code)
    await chip.openSession(hostKeys())
    expect((await errorOf(chip.device.echo(message))).code).toBe('CHIP_COUNTER_EXHAUSTED')
  })
})

describe('new host keys inside a session', () => {
  it('renew it, so that the flow goes on under them', async () => {
    const { chip } = await openProtectedBench()
    const control = await chip.hostKeys.control()
    const allowed = { ...control.allowed, reprovision: true }
    await chip.hostKeys.putControl({ ...control, allowed })
    await chip.device.echo(message)
    await chip.hostKeys.provision(hostKeys(0x44))
    expect(chip.sessionCounter).toBe(0)
    expect(await chip.device.echo(message)).toEqual(message)
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
