import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { isKeylineError, seededRandom, systemClock } from '@keyline/bytes'
import { inProcessTransport, openStsafe, StsafeError, type Stsafe } from '@keyline/stsafe'
import { decodeCommandFrame, Form, formsOf, ProductTag, type AnyForm } from '@keyline/stsafe/layout'
import { FaultyBus, stateToJson, type ChipState } from '@keyline/stsafe-sim'
import { describe, expect, it } from 'vitest'
import type { BusResponder } from '../../packages/stsafe/src/bus/in-process.ts'
import { openI2cTransport } from '../../packages/stsafe/src/bus/i2c.ts'
import { everyCall } from '../../packages/stsafe/src/testing/every-call.ts'
import { CountingChip, CountingWire } from './support/counting-chip.ts'
import { LoneClock } from './support/lone-clock.ts'
import { ManInTheMiddle, type Exchange } from './support/man-in-the-middle.ts'
import { message } from './support/provisioning-flows.ts'
import {
  runSession,
  sessionChip,
  sessionKeys,
  sessionState,
  stepResults,
} from './support/protected-session.ts'

/** Exchanges of the opening: product data, authorization table twice, host key slot. */
const opening = 4
const isError = (result: string): boolean => /^(CHIP|STSAFE)_/.test(result)

async function openOn(bus: BusResponder): Promise<Stsafe> {
  const options = { clock: new LoneClock(), random: seededRandom('host') }
  return openStsafe(inProcessTransport(bus), options)
}

async function errorOf(work: Promise<unknown>): Promise<StsafeError> {
  const reason: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (reason instanceof StsafeError) return reason
  throw new TypeError(`expected an error of the chip, got ${String(reason)}`)
}

async function recordedSession(): Promise<readonly Exchange[]> {
  const wire = new ManInTheMiddle(sessionChip())
  expect(await runSession(wire)).toEqual(stepResults)
  return wire.exchanges
}

describe('BUS-9: a man in the middle who replays', () => {
  it('is refused by the chip with every command of a session, at every later position', async () => {
    const recorded = await recordedSession()
    let replays = 0
    for (let position = opening; position < recorded.length; position++) {
      const chip = sessionChip()
      const chipAt = (exchange: number): undefined => {
        if (exchange !== position + 1) return undefined
        for (const old of recorded.slice(opening, position + 1)) {
          const { state } = chip.chip.memory
          expect(chip.chip.execute(old.command)[0]).toBe(0x16)
          expect(chip.chip.memory.state).toBe(state)
          replays++
        }
        return undefined
      }
      expect(await runSession(new ManInTheMiddle(chip, { chipAt }))).toEqual(stepResults)
    }
    expect(replays).toBe((6 * 5) / 2)
  })

  it('is refused by the host with every response of a session in the place of every other', async () => {
    const recorded = await recordedSession()
    let replays = 0
    for (let position = opening; position < recorded.length; position++) {
      for (const [index, { response }] of recorded.entries()) {
        if (index < opening || index === position) continue
        const forge = (exchange: number): Uint8Array | undefined =>
          exchange === position ? response : undefined
        const chip = sessionChip()
        const results = await runSession(new ManInTheMiddle(chip, { forge }))
        expect(results.filter(isError)).toEqual(['STSAFE_RESPONSE_MAC'])
        // The command was kept from the chip, so the zone is as it was; all other steps have their results.
        const isUnwritten = chip.chip.memory.state.zones[1]?.data[1] === 0
        const expected = stepResults.map((result, step) => {
          if (step === position - opening + 2) return 'STSAFE_RESPONSE_MAC'
          return isUnwritten && step === 4 ? '00'.repeat(16) : result
        })
        expect(results).toEqual(expected)
        replays++
      }
    }
    expect(replays).toBe(6 * 5)
  })
})

/** The same keys, zones and slots under another serial number, another count of commands behind it. */
function twinOf(state: ChipState): ChipState {
  const productData = state.productData.map((entry) =>
    entry.tag === ProductTag.stNumber
      ? { ...entry, value: entry.value.map((octet) => octet ^ 0x55) }
      : entry,
  )
  return { ...state, productData, hostCounter: 1000 }
}

describe('BUS-10: another chip in the middle of a session', () => {
  it.each([
    ['a new one', { ...twinOf(sessionState), hostKeys: undefined }],
    ['one with the same host keys', twinOf(sessionState)],
  ] as const)('(%s) does nothing for the host, at every exchange', async (_, state) => {
    const { length } = await recordedSession()
    const unchanged = stateToJson(state)
    for (let position = opening; position < length; position++) {
      const other = sessionChip(state)
      const chipAt = (exchange: number) => (exchange === position ? other : undefined)
      const results = await runSession(new ManInTheMiddle(sessionChip(), { chipAt }))
      const failed = position - opening + 2
      expect(results.slice(0, failed)).toEqual(stepResults.slice(0, failed))
      const [first, ...later] = results.slice(failed)
      expect(['CHIP_COMMAND_MAC', 'CHIP_KEY_NOT_FOUND']).toContain(first)
      if (first === 'CHIP_COMMAND_MAC') {
        expect(new Set(later)).toEqual(new Set(later.length === 0 ? [] : ['STSAFE_OTHER_CHIP']))
      }
      expect(later.every(isError)).toBe(true)
      expect(stateToJson(other.chip.memory.state)).toBe(unchanged)
    }
  })

  it('does not give its counter to the session after a lost answer', async () => {
    const other = sessionChip(twinOf(sessionState))
    const first = new FaultyBus(sessionChip(), [{ name: 'lose-response', position: opening }])
    const chipAt = (exchange: number) => (exchange === opening + 1 ? other : undefined)
    const chip = await openOn(new ManInTheMiddle(first, { chipAt }))
    await chip.openSession(sessionKeys)
    expect((await errorOf(chip.device.echo(message))).code).toBe('STSAFE_BUS_BUSY')
    for (let round = 0; round < 2; round++) {
      expect((await errorOf(chip.device.echo(message))).code).toBe('STSAFE_OTHER_CHIP')
      expect((await errorOf(chip.resynchronise())).code).toBe('STSAFE_OTHER_CHIP')
      expect((await errorOf(chip.hostKeys.prove(sessionKeys))).code).toBe('STSAFE_OTHER_CHIP')
    }
    await chip.initialise()
    await chip.openSession(sessionKeys)
    expect(await chip.device.echo(message)).toEqual(message)
  })
})

/** Positions at which a call sends a command that must not happen twice. */
function oncePositions(exchanges: readonly Exchange[]): readonly number[] {
  return exchanges.flatMap(({ command }, position) => {
    const frame = decodeCommandFrame(command)
    if (typeof frame === 'string') return []
    return formsOf(frame.code, frame.body).some(({ effect }) => effect === 'once') ? [position] : []
  })
}

describe('BUS-11: an irreversible command whose outcome is not known', () => {
  const state: ChipState = {
    ...sessionState,
    hostKeys: undefined,
    authorization: sessionState.authorization.map((record) => ({
      ...record,
      access: 'free',
      encryption: { command: false, response: false },
    })),
  }

  it('is never sent again, whether request or response is dropped, by any call', async () => {
    const codes = new Set<number>()
    for (const [name, call] of Object.entries(everyCall)) {
      const wire = new ManInTheMiddle(new CountingChip({ state }))
      const host = await openOn(wire)
      const before = wire.exchanges.length
      await call(host, seededRandom('call')).catch((error: unknown) => {
        if (!isKeylineError(error)) throw error
      })
      for (const position of oncePositions(wire.exchanges)) {
        for (const fault of ['bus-error', 'lose-response', 'cut-response'] as const) {
          const chip = new CountingChip({ state })
          const counting = new CountingWire(new FaultyBus(chip, [{ name: fault, position }]))
          const disturbed = await openOn(counting)
          const error = await errorOf(call(disturbed, seededRandom('call')))
          expect(error.code, `${name} under ${fault}@${position - before}`).toBe(
            'STSAFE_OUTCOME_UNKNOWN',
          )
          expect(error.remedy).toContain('do not repeat')
          expect(counting.tally.most, name).toBeLessThanOrEqual(1)
          expect(chip.tally.most, name).toBe(fault === 'bus-error' ? 0 : 1)
        }
        const frame = decodeCommandFrame(wire.exchanges[position]?.command ?? new Uint8Array())
        if (typeof frame !== 'string') codes.add(frame.code)
      }
    }
    const irreversible = Object.values<AnyForm>(Form).filter(({ effect }) => effect === 'once')
    expect(codes).toEqual(new Set(irreversible.map(({ command }) => command.code)))
  })
})

describe('BUS-12: two processes on one bus', () => {
  it('the second of which is told who has it', async () => {
    const holder = spawn(process.execPath, [
      '-e',
      `require('net').createServer((socket) => socket.end(String(process.pid)))
        .listen('\\0keyline-stsafe-i2c-231', () => console.log('held'))`,
    ])
    try {
      await once(holder.stdout, 'data')
      const driver = {
        openPromisified: () => Promise.reject(new Error('the bus was opened')),
      }
      const opened = openI2cTransport({ bus: 231, clock: systemClock, driver })
      await expect(opened).rejects.toMatchObject({
        code: 'STSAFE_BUS_IN_USE',
        message: expect.stringContaining(`process ${holder.pid}`),
      })
    } finally {
      holder.kill('SIGKILL')
      await once(holder, 'exit')
    }
  })
})

describe('BUS-13: counters and keys at their end', () => {
  it.each([
    [0x08, 'CHIP_MESSAGES_LOST'],
    [0x09, 'CHIP_COUNTER_EXHAUSTED'],
    [0x0b, 'CHIP_KEY_BLOCKED'],
  ] as const)(
    'status %i is a typed error with a remedy, after one command',
    async (value, code) => {
      const script = [{ name: 'answer-status', position: opening, value }] as const
      const wire = new ManInTheMiddle(new FaultyBus(sessionChip(), script))
      const chip = await openOn(wire)
      await chip.openSession(sessionKeys)
      const error = await errorOf(chip.device.echo(message))
      expect(error.code).toBe(code)
      expect(error.remedy.length).toBeGreaterThan(10)
      expect(wire.exchanges).toHaveLength(opening + 1)
    },
  )

  it('a counter that was at its maximum before the session ends in it with the first command', async () => {
    const wire = new ManInTheMiddle(sessionChip({ ...sessionState, hostCounter: 0xffff_ffff }))
    const chip = await openOn(wire)
    await chip.openSession(sessionKeys)
    for (let round = 1; round <= 3; round++) {
      expect((await errorOf(chip.device.echo(message))).code).toBe('CHIP_COUNTER_EXHAUSTED')
      expect(wire.exchanges).toHaveLength(opening + round)
    }
  })
})
