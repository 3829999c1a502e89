import { readdirSync, readFileSync } from 'node:fs'
import { seededRandom, toHex } from '@keyline/bytes'
import { inProcessTransport, openStsafe, StsafeError, type Stsafe } from '@keyline/stsafe'
import {
  decodeCommandFrame,
  decodeResponseFrame,
  deviceTypes,
  encodeResponseFrame,
} from '@keyline/stsafe/layout'
import { FaultyBus, type Fault } from '@keyline/stsafe-sim'
import { describe, expect, it } from 'vitest'
import type { BusResponder } from '../../packages/stsafe/src/bus/in-process.ts'
import { chipOfCase } from '../support/vectors/stsafe-chip.ts'
import { VectorReader } from '../support/vectors/vector-reader.ts'
import { LoneClock } from './support/lone-clock.ts'
import { ManInTheMiddle } from './support/man-in-the-middle.ts'
import { message } from './support/provisioning-flows.ts'
import {
  runSession,
  sessionChip,
  sessionKeys,
  stepNames,
  stepResults,
} from './support/protected-session.ts'

/** Exchanges of the opening: product data, authorization table twice, host key slot. */
const opening = 4
const attempts = 100
const isError = (result: string | undefined): boolean => /^(CHIP|STSAFE)_/.test(result ?? '')

interface Bench {
  readonly chip: Stsafe
  readonly clock: LoneClock
}

async function openSession(bus: BusResponder): Promise<Bench> {
  const clock = new LoneClock()
  const options = { clock, random: seededRandom('host') }
  const chip = await openStsafe(inProcessTransport(bus), options)
  await chip.openSession(sessionKeys)
  return { chip, clock }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'no error'
  } catch (error) {
    if (!(error instanceof StsafeError)) throw error
    return error.code
  }
}

/** A whole session with one fault; what came of its steps. */
async function disturbed(fault: Fault) {
  const chip = sessionChip()
  const results = await runSession(new FaultyBus(chip, [fault]))
  const zone = toHex((chip.chip.memory.state.zones[1]?.data ?? new Uint8Array()).subarray(0, 16))
  return { chip, results, zone }
}

describe('BUS-1: an address that is not acknowledged k times', () => {
  it.each(['nack-command', 'nack-response'] as const)(
    'succeeds for each k below 100 and is a typed error from there on (%s)',
    async (name) => {
      for (let value = 0; value <= attempts + 1; value++) {
        const bus = new FaultyBus(sessionChip(), [{ name, position: opening, value }])
        const { chip, clock } = await openSession(bus)
        const start = clock.monotonicMs()
        const outcome = await codeOf(chip.device.echo(message))
        expect(outcome, `k = ${value}`).toBe(value < attempts ? 'no error' : 'STSAFE_BUS_BUSY')
        expect(clock.monotonicMs() - start).toBeLessThanOrEqual(10 * attempts + 10)
      }
    },
  )
})

describe('BUS-2: a command that ends after octet j', () => {
  it('is not executed, for every j of every command, and the session goes on', async () => {
    const recorded = new ManInTheMiddle(sessionChip())
    await runSession(recorded)
    let cuts = 0
    for (const [position, { command }] of recorded.exchanges.entries()) {
      for (let value = 1; value < command.length; value++) {
        const fault = { name: 'cut-command', position, value } as const
        const { chip, results, zone } = await disturbed(fault)
        const where = `octet ${value} of command ${position}`
        expect(results.find(isError), where).toBe('CHIP_COMMUNICATION')
        const failed = results.findIndex(isError)
        if (stepNames[failed] === 'update') expect(zone, where).toBe('00'.repeat(16))
        if (position >= opening) {
          expect(results.filter(isError), where).toHaveLength(1)
          const steps = stepNames.length - 2
          expect(chip.chip.memory.state.hostCounter, where).toBe(steps - 1)
        }
        cuts++
      }
    }
    expect(cuts).toBe(recorded.exchanges.reduce((sum, { command }) => sum + command.length - 1, 0))
  })
})

describe('BUS-3: one bit of a command', () => {
  it('is found by the chip in every recorded frame, and nothing is stored', () => {
    const folder = new URL('../vectors/stsafe-a120/', import.meta.url)
    let [frames, flips] = [0, 0]
    for (const name of readdirSync(folder)) {
      if (!name.endsWith('.json') || /^(?:index|profile|published)/.test(name)) continue
      const json: unknown = JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
      for (const vector of new VectorReader(name, json).objects('cases')) {
        const requests = vector.objects('exchanges').map((exchange) => exchange.octets('request'))
        const sound = requests.filter((frame) => typeof decodeCommandFrame(frame) !== 'string')
        const { chip } = sessionChip(chipOfCase(vector))
        const { state } = chip.memory
        for (const frame of sound) {
          const changed = Uint8Array.from(frame)
          for (let bit = 0; bit < 8 * frame.length; bit++) {
            changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
            const [status] = chip.execute(changed)
            changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
            if (status !== 0x01) expect.fail(`${name}: bit ${bit} gives status ${status}`)
            flips++
          }
          frames++
        }
        expect(chip.memory.state).toBe(state)
      }
    }
    process.stdout.write(`${flips} bits of ${frames} recorded commands turned around\n`)
    expect(frames).toBeGreaterThan(600)
    expect(flips).toBeGreaterThan(250_000)
  })
})

/** x^16 + x^12 + x^5 + 1, its highest power first on the wire, each octet from its lowest bit. */
const generatorBits = [0, 4, 11, 16]

/** Changes the payload of a frame so that its CRC stays right: the generator polynomial is added at a bit. */
function crcNeutral(frame: Uint8Array, start: number): Uint8Array {
  const changed = Uint8Array.from(frame)
  for (const bit of generatorBits.map((offset) => 8 * 3 + start + offset)) {
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  }
  return changed
}

describe('BUS-4: bursts and patterns in a response', () => {
  it('are found by the CRC up to 16 bits in a row', () => {
    const payload = seededRandom('bursts').bytes(40)
    const frame = encodeResponseFrame(0, payload)
    for (let length = 1; length <= 16; length++) {
      for (let start = 8 * 3; start + length <= 8 * (frame.length - 2); start++) {
        const changed = Uint8Array.from(frame)
        for (let bit = start; bit < start + length; bit++) {
          changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        }
        if (decodeResponseFrame(changed) !== 'crc') expect.fail(`burst ${length} at ${start}`)
      }
    }
  })

  it('that leave the CRC right are refused by the R-MAC inside a session', async () => {
    const recorded = new ManInTheMiddle(sessionChip())
    await runSession(recorded)
    let patterns = 0
    for (const [position, { response }] of recorded.exchanges.entries()) {
      const payload = (response?.length ?? 0) - 5
      if (position < opening) continue
      for (let start = 0; start + 17 <= 8 * payload; start++) {
        const alter = (exchange: number, octets: Uint8Array): Uint8Array =>
          exchange === position && octets.length > 5 ? crcNeutral(octets, start) : octets
        const results = await runSession(new ManInTheMiddle(sessionChip(), { alter }))
        expect(results.filter(isError)).toEqual(['STSAFE_RESPONSE_MAC'])
        expect(results.filter((result) => !isError(result))).toEqual(
          stepResults.filter((_, index) => !isError(results[index])),
        )
        patterns++
      }
    }
    process.stdout.write(`${patterns} patterns that leave the CRC of a response right\n`)
    expect(patterns).toBeGreaterThan(500)
  })

  it('that leave the CRC right are shown outside of a session by reading once more', async () => {
    const payload = 64
    for (let start = 0; start + 17 <= 8 * payload; start++) {
      const alter = (exchange: number, octets: Uint8Array): Uint8Array =>
        exchange === opening && octets.length > 5 ? crcNeutral(octets, start) : octets
      const { chip } = await openSession(new ManInTheMiddle(sessionChip(), { alter }))
      const first = await chip.device.productData().catch((error: unknown) => error)
      const again = await chip.device.productData()
      expect(first, `bit ${start}`).not.toEqual(again)
      expect(await chip.device.productData()).toEqual(again)
    }
  })
})

describe('BUS-5: a length field that no frame has', () => {
  const { maxFrame } = deviceTypes.A120

  it.each([0, 1, 3, 2 + 16, maxFrame + 1, maxFrame + 2, 0x7fff, 0xffff])(
    '%i is a typed error, and no read is longer than a frame',
    async (value) => {
      const script = [{ name: 'announce-length', position: opening, value }] as const
      const recorded = new ManInTheMiddle(new FaultyBus(sessionChip(), script))
      const { chip } = await openSession(recorded)
      const code = await codeOf(chip.device.echo(message))
      expect(['STSAFE_FRAME_SIZE', 'STSAFE_FRAME_CRC']).toContain(code)
      const longest = Math.max(...recorded.exchanges.flatMap(({ readLengths }) => readLengths))
      expect(longest).toBeLessThanOrEqual(1 + 2 + maxFrame - 1 + 2)
      expect(await codeOf(chip.device.echo(message))).toBe('no error')
    },
  )

  it('is a typed error where the second read has another one, and where the frame is cut anywhere', async () => {
    for (let octets = 0; octets < 40; octets++) {
      const alter = (exchange: number, data: Uint8Array): Uint8Array => {
        if (exchange !== opening || data.length === 5) return data
        if (octets === 2) return data.map((octet, index) => (index === 2 ? octet + 1 : octet))
        return data.map((octet, index) => (index < octets ? octet : 0xff))
      }
      const { chip } = await openSession(new ManInTheMiddle(sessionChip(), { alter }))
      const code = await codeOf(chip.device.echo(message))
      expect(code, `after ${octets}`).toMatch(/^STSAFE_FRAME_(?:SIZE|CRC)$/)
      expect(await codeOf(chip.device.echo(message))).toBe('no error')
    }
  })
})

describe('BUS-6: a bus that hangs', () => {
  it('ends within its deadline at every exchange, and goes on after a power cycle', async () => {
    for (let position = opening; position < opening + 6; position++) {
      const bus = new FaultyBus(sessionChip(), [{ name: 'stuck-busy', position }])
      const { chip, clock } = await openSession(bus)
      for (let done = opening; done < position; done++) await chip.device.echo(message)
      const start = clock.monotonicMs()
      expect(await codeOf(chip.device.echo(message))).toBe('STSAFE_BUS_BUSY')
      expect(clock.monotonicMs() - start).toBeLessThanOrEqual(10 * attempts)
      await chip.restart('power-cycle')
      expect(await codeOf(chip.device.echo(message))).toBe('no error')
    }
  })

  it('that loses arbitration is a bus error at once', async () => {
    const script = [{ name: 'bus-error', position: opening }] as const
    const { chip, clock } = await openSession(new FaultyBus(sessionChip(), script))
    const start = clock.monotonicMs()
    expect(await codeOf(chip.device.echo(message))).toBe('STSAFE_BUS')
    expect(clock.monotonicMs() - start).toBe(10)
    expect(await codeOf(chip.device.echo(message))).toBe('no error')
  })
})

describe('BUS-7: power that fails during a write', () => {
  it.each([
    ['power-loss-before', '00'.repeat(16)],
    ['power-loss-during', '00'.repeat(16)],
    ['power-loss-after', toHex(message)],
  ] as const)('%s leaves the zone old or new, and is an error of that step', async (name, held) => {
    const position = opening + 1
    const { results, zone } = await disturbed({ name, position })
    expect(zone).toBe(held)
    expect(results).toEqual(
      stepResults.map((result, index) => {
        if (stepNames[index] === 'update') return 'STSAFE_BUS_BUSY'
        return stepNames[index] === 'read' ? held : result
      }),
    )
  })
})

describe('BUS-8: a response that is lost', () => {
  it('costs its step alone, and each command is counted by the chip once', async () => {
    const undisturbed = sessionChip()
    const wire = new FaultyBus(undisturbed, [])
    expect(await runSession(wire)).toEqual(stepResults)
    for (let position = opening; position < wire.exchanges; position++) {
      const { chip, results } = await disturbed({ name: 'lose-response', position })
      expect(results.filter(isError)).toEqual(['STSAFE_BUS_BUSY'])
      expect(results.findIndex(isError)).toBe(position - opening + 2)
      const { hostCounter } = chip.chip.memory.state
      expect(hostCounter).toBe(undisturbed.chip.memory.state.hostCounter)
    }
  })
})
