import { Secret } from '@keyline/bytes'
import {
  chipOf,
  FaultyBus,
  seededRandomness,
  SimulatedBus,
  spl05Profile,
  type Fault,
} from '@keyline/stsafe-sim'
import { describe, expect, it } from 'vitest'
import { commandTable } from './layout/command.ts'
import {
  cmacKey,
  errorOf,
  hostKeys,
  message,
  openBench as open,
  openingCommands,
  openProtectedBench as openProtected,
  protectingCommands,
} from './testing/bench.ts'

/** A chip of the default profile, with faults that are counted from a command on. */
function simulated(script: readonly Fault[] = [], after = openingCommands) {
  const bus = new SimulatedBus({
    state: chipOf(spl05Profile),
    randomness: seededRandomness('bench'),
  })
  const shifted = script.map((fault) => ({ ...fault, position: fault.position + after }))
  return { bus, faulty: new FaultyBus(bus, shifted) }
}

async function openBench(script?: readonly Fault[]) {
  const { bus, faulty } = simulated(script)
  return { ...(await open(faulty)), bus }
}

async function openProtectedBench(script?: readonly Fault[]) {
  const { bus, faulty } = simulated(script, protectingCommands)
  return { ...(await openProtected(faulty)), bus }
}

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

  it('of new host keys leaves open which ones the chip holds, though its counter is what it was', async () => {
    const { chip } = await openProtectedBench([{ name: 'lose-response', position: 2 }])
    const control = await chip.hostKeys.control()
    const allowed = { ...control.allowed, reprovision: true }
    await chip.hostKeys.putControl({ ...control, allowed })
    expect(chip.sessionCounter).toBe(0)
    const lost = await errorOf(chip.hostKeys.provision(hostKeys(0x55)))
    expect(lost.code).toBe('STSAFE_OUTCOME_UNKNOWN')
    expect(await chip.resynchronise()).toBe('unknown')
    expect((await errorOf(chip.device.echo(message))).code).toBe('CHIP_COMMAND_MAC')
    expect(await chip.hostKeys.prove(hostKeys(0x55))).toBe(true)
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

describe('a command that cannot be repeated', () => {
  it('is waited for once it is on the wire, whatever the signal says', async () => {
    const { chip, recorder } = await openBench()
    const controller = new AbortController()
    recorder.onCommand = (code) => {
      if (code === commandTable.writeHostKeyPlaintext.code) controller.abort(new Error('stop'))
    }
    await chip.hostKeys.provision(hostKeys(), controller)
    expect(await chip.hostKeys.prove(hostKeys())).toBe(true)
    await expect(chip.hostKeys.provision(hostKeys(0x66), controller)).rejects.toThrow()
    expect(await chip.hostKeys.prove(hostKeys())).toBe(true)
  })

  it('lets the signal end its KEK session with success', async () => {
    const { chip, recorder } = await openBench()
    const control = await chip.hostKeys.control()
    const allowed = { ...control.allowed, wrappedAnonymous: true }
    await chip.hostKeys.putControl({ ...control, allowed })
    const controller = new AbortController()
    recorder.onCommand = (code) => {
      if (code === commandTable.writeHostKeyWrapped.code) controller.abort(new Error('stop'))
    }
    const { signal } = controller
    await chip.hostKeys.provisionWrapped(hostKeys(), { curve: 'P-256', signal })
    expect(recorder.commands.at(-1)).toBe(commandTable.stopVolatileKekSession.code)
  })
})

describe('keys that are agreed on', () => {
  it('are handed over before the chip is told to take them', async () => {
    const { chip, recorder } = await openBench()
    const control = await chip.hostKeys.control()
    const allowed = { ...control.allowed, wrappedAnonymous: true, reprovision: true }
    await chip.hostKeys.putControl({ ...control, allowed })
    const slot = await chip.symmetricKeys.control(0)
    const open = { ...slot, allowed: { ...slot.allowed, establishAnonymous: true } }
    await chip.symmetricKeys.putControl(0, open)
    const told: (number | undefined)[] = []
    const onAgreed = (): void => void told.push(recorder.commands.at(-1))
    await chip.hostKeys.establish('AES-128', { curve: 'P-256', onAgreed })
    await chip.symmetricKeys.establish([cmacKey], { curve: 'P-256', onAgreed })
    expect(told).toEqual([
      commandTable.generateEcdheKeyPair.code,
      commandTable.establishSymmetricKeys.code,
    ])
    const before = await chip.hostKeys.slot()
    const full = new TypeError('the disk is full')
    const keep = (): Promise<void> => Promise.reject(full)
    const work = chip.hostKeys.establish('AES-256', { curve: 'P-256', onAgreed: keep })
    await expect(work).rejects.toThrow('the disk is full')
    expect(await chip.hostKeys.slot()).toEqual(before)
  })
})

describe('new host keys inside a session', () => {
  it('are answered under the old keys, where the command that brings them is protected', async () => {
    const bench = await openProtectedBench()
    const { chip, recorder } = bench
    const { state } = bench.bus.chip.memory
    // Write host key at HOST with an encrypted command, as no table that was programmed before can be changed.
    const code = commandTable.writeHostKeyPlaintext.code
    const records = state.authorization.map((record) =>
      record.code === code
        ? { ...record, access: 'host' as const, encryption: { command: true, response: true } }
        : record,
    )
    bench.bus.chip.memory.commit({ ...state, authorization: records })
    await chip.initialise()
    const control = await chip.hostKeys.control()
    await chip.hostKeys.putControl({
      ...control,
      allowed: { ...control.allowed, reprovision: true },
    })
    await chip.device.echo(message)
    recorder.commands.length = 0
    await chip.hostKeys.provision(hostKeys(0x44))
    expect(chip.sessionCounter).toBe(0)
    expect(await chip.device.echo(message)).toEqual(message)
    expect(chip.sessionCounter).toBe(1)
    expect(recorder.commands).toEqual([code, commandTable.echo.code])
  })

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
