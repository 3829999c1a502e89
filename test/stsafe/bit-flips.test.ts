import { isDeepStrictEqual } from 'node:util'
import { toHex } from '@keyline/bytes'
import { encodeCommandFrame, type BusAnswer, type BusRequest } from '@keyline/stsafe/layout'
import type { SimulatedBus } from '@keyline/stsafe-sim'
import { describe, expect, it } from 'vitest'
import type { BusResponder } from '../../packages/stsafe/src/bus/in-process.ts'
import {
  runKnownSession,
  runSession,
  sessionChip,
  stepNames,
  stepResults,
} from './support/protected-session.ts'

/** Product data, and the authorization table twice. */
const openingExchanges = 3

/** One command frame, one of its reads, or all of them alike: where a bit is the other one. */
interface Place {
  readonly exchange: number
  readonly what: 'command' | 'first read' | 'second read' | 'both reads'
  readonly bits: number
}

interface Transfer {
  readonly exchange: number
  readonly kind: 'command' | 'first read' | 'second read'
}

/** A wire that turns one bit of one frame around. */
class FlippingWire implements BusResponder {
  readonly transfers: Array<Transfer & { readonly octets: number }> = []
  readonly #bus: BusResponder
  readonly #place: Place | undefined
  readonly #bit: number
  #exchange = -1
  #reads = 0

  constructor(bus: BusResponder, place?: Place, bit = 0) {
    this.#bus = bus
    this.#place = place
    this.#bit = bit
  }

  async answer(request: BusRequest): Promise<BusAnswer> {
    if (request.kind === 'write') {
      this.#exchange++
      this.#reads = 0
      return this.#bus.answer({ kind: 'write', data: this.#carried('command', request.data) })
    }
    const answer = await this.#bus.answer(request)
    if (answer.kind !== 'done') return answer
    const kind = this.#reads++ === 0 ? 'first read' : 'second read'
    return { kind: 'done', data: this.#carried(kind, answer.data) }
  }

  #carried(kind: Transfer['kind'], octets: Uint8Array): Uint8Array {
    const place = this.#place
    this.transfers.push({ exchange: this.#exchange, kind, octets: octets.length })
    if (place?.exchange !== this.#exchange) return octets
    const isMeant = place.what === kind || (place.what === 'both reads' && kind !== 'command')
    return isMeant ? flipped(octets, this.#bit) : octets
  }
}

function flipped(octets: Uint8Array, bit: number): Uint8Array {
  return octets.map((octet, index) => (index === bit >> 3 ? octet ^ (0x80 >> (bit & 7)) : octet))
}

async function placesOfTheSession(): Promise<readonly Place[]> {
  const wire = new FlippingWire(sessionChip())
  expect(await runSession(wire)).toEqual(stepResults)
  return wire.transfers.flatMap(({ exchange, kind, octets }): readonly Place[] => {
    const place: Place = { exchange, what: kind, bits: 8 * octets }
    return kind === 'second read' ? [place, { ...place, what: 'both reads' }] : [place]
  })
}

describe('one bit of one frame of a session', () => {
  it('ends in a typed error of its step, and every later step has its right result', async () => {
    const places = await placesOfTheSession()
    const outcomes = new Map<string, number>()
    let flips = 0
    for (const place of places) {
      for (let bit = 0; bit < place.bits; bit++) {
        const where = `bit ${bit} of ${place.what} ${place.exchange}`
        const chip = sessionChip()
        const results = await runWith(chip, place, bit)
        const { error, isRight, expected } = judged(place, results, zoneOf(chip))
        if (!isRight) expect(results, where).toEqual(expected)
        expect(isRight, where).toBe(true)
        outcomes.set(error, (outcomes.get(error) ?? 0) + 1)
        flips++
      }
    }
    const counted = [...outcomes].map(([code, count]) => `${code} ${count}`).join(', ')
    process.stdout.write(`${flips} flips of one bit: ${counted}\n`)
    expect(flips).toBe(places.reduce((sum, { bits }) => sum + bits, 0))
    expect(flips).toBeGreaterThan(10_000)
  })

  it('would show a chip that does not look at the CRC', async () => {
    const commands = (await placesOfTheSession()).filter(({ what }) => what === 'command')
    let wrong = 0
    for (const place of commands) {
      for (let bit = 0; bit < place.bits - crcBits; bit++) {
        const chip = sessionChip()
        const results = await runWith(new ForgivingChip(chip), place, bit)
        if (!judged(place, results, zoneOf(chip)).isRight) wrong++
      }
    }
    expect(wrong).toBeGreaterThan(0)
  })
})

const crcBits = 16

/** A chip that takes every command for whole: its CRC is made right on the way. */
class ForgivingChip implements BusResponder {
  readonly #chip: SimulatedBus

  constructor(chip: SimulatedBus) {
    this.#chip = chip
  }

  answer(request: BusRequest): BusAnswer {
    if (request.kind !== 'write') return this.#chip.answer(request)
    const data = encodeCommandFrame(request.data.subarray(0, -2))
    return this.#chip.answer({ kind: 'write', data })
  }
}

function zoneOf({ chip }: SimulatedBus): string {
  return toHex((chip.memory.state.zones[1]?.data ?? new Uint8Array()).subarray(0, 16))
}

/** Whether a run with one bit turned around came to what it may: one error, and nothing else that is wrong. */
function judged({ what }: Place, results: readonly string[], zone: string) {
  const error = results.find((result) => /^(CHIP|STSAFE)_/.test(result)) ?? 'no effect'
  const expected = expectedAfter(results.indexOf(error), error, zone)
  // Only the length field of the first read counts where a second read brings the whole frame.
  const isSeen = error !== 'no effect' || what === 'first read'
  return { error, expected, isRight: isSeen && isDeepStrictEqual(results, expected) }
}

/** A flip behind the opening does not need one: the chip is known already. */
function runWith(chip: BusResponder, place: Place, bit: number): Promise<readonly string[]> {
  const exchange = place.exchange - openingExchanges
  if (exchange < 0) return runSession(new FlippingWire(chip, place, bit))
  return runKnownSession(new FlippingWire(chip, { ...place, exchange }, bit))
}

/** Nothing comes after a chip that was not opened; no session comes after one that was not; the zone is read as it is. */
function expectedAfter(failed: number, code: string, zone: string): readonly string[] {
  const name = stepNames[failed]
  if (name === 'initialise') return [code]
  return stepResults.map((result, index) => {
    if (index === failed) return code
    if (name === 'open' && index > failed) return 'STSAFE_SESSION_MISSING'
    return stepNames[index] === 'read' ? zone : result
  })
}
