import { concat, toHex } from '@keyline/bytes'
import type { Transport } from '@keyline/stsafe'
import { crc16, type BusAnswer, type BusRequest } from '@keyline/stsafe/layout'
import type { Exchange } from './stsafe-case.ts'

/** The host sent something else than the vector says. */
export class Deviation extends Error {}

/** Plays the chip of a vector: it takes the recorded requests in their order and gives the recorded responses. */
export class ReplayTransport implements Transport {
  readonly name = 'replay:'
  readonly #exchanges: readonly Exchange[]
  #next = 0
  #reads = 0
  #nacks = 0
  #current: Exchange | undefined

  constructor(exchanges: readonly Exchange[]) {
    this.#exchanges = exchanges
  }

  async transfer(request: BusRequest): Promise<BusAnswer> {
    if (request.kind === 'write') return this.#write(request.data)
    if (request.kind === 'read') return this.#read(request.length)
    throw new Deviation(`the host asked for a ${request.kind}`)
  }

  async close(): Promise<void> {
    this.#current = undefined
  }

  /** What was not asked for, as a text; empty when the host sent all. */
  get left(): string {
    return this.#exchanges
      .slice(this.#next)
      .map(({ request }) => toHex(request))
      .join(' ')
  }

  #write(data: Uint8Array): BusAnswer {
    const exchange = this.#exchanges[this.#next]
    const expected = exchange === undefined ? 'nothing' : toHex(exchange.request)
    if (exchange === undefined || toHex(data) !== expected) {
      throw new Deviation(`exchange ${this.#next}: sent ${toHex(data)} instead of ${expected}`)
    }
    this.#next++
    if (exchange.response === undefined && exchange.readNacks === 0) return { kind: 'nack' }
    this.#current = exchange
    this.#reads = 0
    this.#nacks = exchange.readNacks
    return { kind: 'done', data: new Uint8Array() }
  }

  #read(length: number): BusAnswer {
    const { response, readLengths } = this.#current ?? { response: undefined, readLengths: [] }
    if (this.#current === undefined) throw new Deviation('a read without a command')
    if (this.#nacks > 0 || response === undefined) {
      this.#nacks--
      return { kind: 'nack' }
    }
    const expected = readLengths[this.#reads]
    this.#reads++
    if (expected !== undefined && expected !== length) {
      throw new Deviation(`read ${length} octets instead of ${expected}`)
    }
    const padding = new Uint8Array(Math.max(0, length - response.length)).fill(0xff)
    return { kind: 'done', data: concat(response.subarray(0, length), padding) }
  }
}

/** An exchange with the right CRC, for what a corrected library sends. */
export function exchangeOf(request: Uint8Array, response: Uint8Array): Exchange {
  const sent = crc16(request)
  const answered = crc16(response)
  const length = response.length + 1
  return {
    request: concat(request, Uint8Array.of(sent >> 8, sent & 0xff)),
    response: concat(
      response.subarray(0, 1),
      Uint8Array.of(length >> 8, length & 0xff),
      response.subarray(1),
      Uint8Array.of(answered >> 8, answered & 0xff),
    ),
    readLengths: [],
    readNacks: 0,
  }
}
