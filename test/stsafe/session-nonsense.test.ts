import { isKeylineError, seededRandom, uniformBelow, type Random } from '@keyline/bytes'
import { inProcessTransport, Stsafe } from '@keyline/stsafe'
import {
  deviceTypes,
  encodeResponseFrame,
  type AuthorizationRecord,
  type BusAnswer,
  type BusRequest,
} from '@keyline/stsafe/layout'
import { describe, expect, it } from 'vitest'
import type { BusResponder } from '../../packages/stsafe/src/bus/in-process.ts'
import { everyCall } from '../../packages/stsafe/src/testing/every-call.ts'
import { reachableOctets } from '../support/fuzz/memory.ts'
import { scaled, testSeed } from '../support/scale.ts'
import { LoneClock } from './support/lone-clock.ts'
import { sessionChip, sessionKeys, sessionState } from './support/protected-session.ts'

/** A chip that opens a session, and from then on answers as chance has it: with its own answer, a part, or nonsense. */
class ErraticChip implements BusResponder {
  readonly #random: Random
  readonly #chip = sessionChip(protectedState)
  #answer: Uint8Array | undefined
  isErratic = false
  transfers = 0
  /** Answers since the last look that did not come from the chip. */
  forged = 0

  constructor(random: Random) {
    this.#random = random
  }

  answer(request: BusRequest): BusAnswer {
    this.transfers++
    if (!this.isErratic) return this.#chip.answer(request)
    if (request.kind === 'write') {
      const isKept = this.#below(4) === 0
      const answer: BusAnswer = isKept ? done() : this.#chip.answer(request)
      this.#answer = this.#below(3) === 0 ? undefined : this.#nonsense()
      return answer
    }
    if (this.#below(256) === 0) return { kind: 'bus-error' }
    if (this.#below(32) === 0) return { kind: 'nack' }
    if (request.kind !== 'read') return done()
    if (this.#answer === undefined) return this.#chip.answer(request)
    this.forged++
    const data = new Uint8Array(request.length).fill(0xff)
    data.set(this.#answer.subarray(0, request.length))
    return { kind: 'done', data }
  }

  /** Mostly frames with a right CRC and a payload that has room for an R-MAC. */
  #nonsense(): Uint8Array {
    if (this.#below(16) === 0) return this.#random.bytes(this.#below(800))
    const status = this.#below(4) === 0 ? this.#below(256) : 0
    const length = [0, 4, 20, 36, this.#below(760)][this.#below(5)] ?? 0
    const payload = this.#random.bytes(length)
    return encodeResponseFrame(
      status,
      this.#below(2) === 0 ? payload : payload.map((octet) => octet & 7),
    )
  }

  #below(bound: number): number {
    return uniformBelow(this.#random, bound)
  }
}

function done(): BusAnswer {
  return { kind: 'done', data: new Uint8Array() }
}

/** Every command under MACs, every second one encrypted; queries are free, or no session could be opened. */
const records: readonly AuthorizationRecord[] = sessionState.authorization.map(
  ({ code }, index) => ({
    code,
    access: code === 0x14 ? 'free' : 'host',
    encryption: {
      command: code !== 0x14 && index % 2 === 0,
      response: code !== 0x14 && index % 3 === 0,
    },
  }),
)
const protectedState = { ...sessionState, authorization: records }

const calls = Object.entries(everyCall).filter(([name]) => name !== 'initialise')
/** Each of their commands is under MACs: with a forged answer they have no value. */
const guarded = new Set(['echo', 'random', 'hash', 'computeMac', 'verifyMac', 'updateZone'])
const callsPerSession = 20
const runs = scaled(20_000, 1_000_000)
/** Of the heap in the second half of the runs, in octets: the sessions before are gone. */
const mostGrowth = 16 * 1024 * 1024

describe('a chip that goes astray in an open session', () => {
  it(`ends every call in a value or a typed error, in bounded time and memory, ${runs} times`, async () => {
    const random = seededRandom(`astray ${testSeed}`)
    const codes = new Map<string, number>()
    let [values, longest, inTheMiddle] = [0, 0, 0]
    for (let run = 0; run < runs;) {
      const chip = new ErraticChip(random)
      const part = { deviceType: deviceTypes.A120, records }
      const options = { clock: new LoneClock(), random }
      const host = new Stsafe(inProcessTransport(chip), part, options)
      await host.openSession(sessionKeys)
      chip.isErratic = true
      for (let call = 0; call < callsPerSession; call++, run++) {
        const [name, work] = calls[run % calls.length] ?? ['none', async () => undefined]
        const before = chip.transfers
        chip.forged = 0
        let hasValue = false
        try {
          await work(host, random)
          hasValue = true
          values++
        } catch (error) {
          if (!isKeylineError(error)) {
            throw new Error(`${name}, run ${run}: ${String(error)}`, { cause: error })
          }
          codes.set(error.code, (codes.get(error.code) ?? 0) + 1)
        }
        if (hasValue && chip.forged > 0 && guarded.has(name)) {
          throw new Error(`${name}, run ${run}: a forged answer was believed`)
        }
        longest = Math.max(longest, chip.transfers - before)
      }
      if (run === runs / 2) inTheMiddle = reachableOctets()
    }
    const growth = reachableOctets() - inTheMiddle
    process.stdout.write(
      `${runs} calls: ${values} values, ${codes.size} kinds of errors, at most ${longest} transfers, heap ${Math.round(growth / 1024)} KiB greater at the end\n`,
    )
    expect(longest).toBeLessThan(100)
    expect(growth).toBeLessThan(mostGrowth)
    expect(values).toBeGreaterThan(0)
    expect([...codes.keys()]).toEqual(
      expect.arrayContaining([
        'STSAFE_RESPONSE_MAC',
        'STSAFE_OUTCOME_UNKNOWN',
        'STSAFE_FRAME_CRC',
        'STSAFE_FRAME_SIZE',
        'CHIP_COMMAND_MAC',
      ]),
    )
  })
})
