import { seededRandom, uniformBelow, VirtualClock, type Random } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { watchMemory } from '../../../test/stsafe/support/bounded-memory.ts'
import { scaled, testSeed } from '../../../test/support/scale.ts'
import { inProcessTransport, type BusResponder } from './bus/in-process.ts'
import { StsafeError } from './errors.ts'
import type { BusAnswer, BusRequest } from './layout/byte-stream.ts'
import { deviceTypes } from './layout/device.ts'
import { encodeResponseFrame } from './layout/frame.ts'
import { Stsafe } from './stsafe.ts'
import { everyCall } from './testing/every-call.ts'

/** A "chip" that knows nothing of the protocol, or just enough of it to be believed. */
class NonsenseChip implements BusResponder {
  readonly #random: Random
  #response: Uint8Array = new Uint8Array()
  transfers = 0

  constructor(random: Random) {
    this.#random = random
  }

  answer(request: BusRequest): BusAnswer {
    this.transfers++
    if (request.kind === 'write') {
      this.#response = this.#draw()
      return { kind: 'done', data: new Uint8Array() }
    }
    if (request.kind !== 'read' || this.#below(64) === 0) return { kind: 'bus-error' }
    if (this.#below(16) === 0) return { kind: 'nack' }
    const octets = new Uint8Array(request.length).fill(0xff)
    octets.set(this.#response.subarray(0, request.length))
    return { kind: 'done', data: octets }
  }

  /** Mostly frames with a right CRC: what has none is refused soon. */
  #draw(): Uint8Array {
    if (this.#below(8) === 0) return this.#random.bytes(this.#below(800))
    const status = this.#below(8) === 0 ? this.#below(256) : 0
    const length = [0, 1, 2, 16, 17, 20, 33, 64, this.#below(760)][this.#below(9)] ?? 0
    return encodeResponseFrame(status, this.#payload(length))
  }

  /** Small octets are counts, flags and lengths more often than random ones. */
  #payload(length: number): Uint8Array {
    const octets = this.#random.bytes(length)
    return this.#below(2) === 0 ? octets : octets.map((octet) => octet & 0x07)
  }

  #below(bound: number): number {
    return uniformBelow(this.#random, bound)
  }
}

const runs = scaled(20_000, 1_000_000)

describe('a chip that answers nonsense', () => {
  it(`ends every call in a value or a typed error, in bounded time, ${runs} times`, async () => {
    const random = seededRandom(`nonsense ${testSeed}`)
    const calls = Object.entries(everyCall)
    const codes = new Set<string>()
    const endWatch = watchMemory('calls of a host on a chip that answers nonsense')
    for (let run = 0; run < runs; run++) {
      const [name, call] = calls[run % calls.length] ?? ['none', async () => undefined]
      const bus = new NonsenseChip(random)
      const part = { deviceType: deviceTypes.A120, records: [] }
      const options = { clock: new VirtualClock(), random }
      const chip = new Stsafe(inProcessTransport(bus), part, options)
      try {
        await call(chip, random)
      } catch (error) {
        if (!(error instanceof StsafeError)) {
          throw new Error(`${name}, run ${run}: ${String(error)}`, { cause: error })
        }
        codes.add(error.code)
      }
      if (bus.transfers > 400) throw new Error(`${name} took ${bus.transfers} transfers`)
    }
    process.stdout.write(`${await endWatch(runs)}\n`)
    expect([...codes]).toEqual(
      expect.arrayContaining(['STSAFE_RESPONSE', 'STSAFE_FRAME_CRC', 'STSAFE_FRAME_SIZE']),
    )
  })
})
