import type { BusAnswer, BusRequest } from '@keyline/stsafe/layout'
import type { BusResponder } from '../../../packages/stsafe/src/bus/in-process.ts'

export interface Exchange {
  readonly command: Uint8Array
  /** As it was read last: whole where it has a payload. Nothing when none came. */
  response: Uint8Array | undefined
  readonly readLengths: number[]
}

/** What somebody on the wire does; what is left out goes by as it is. */
export interface Meddling {
  /** Another answer than that of the chip to exchange N, which then never sees the command. */
  readonly forge?: ((exchange: number, command: Uint8Array) => Uint8Array | undefined) | undefined
  /** The octets of one read of exchange N. */
  readonly alter?: ((exchange: number, octets: Uint8Array) => Uint8Array) | undefined
  /** The chip that answers from exchange N on. */
  readonly chipAt?: ((exchange: number) => BusResponder | undefined) | undefined
}

/** Somebody between host and chip: takes down what goes by, and meddles. */
export class ManInTheMiddle implements BusResponder {
  readonly exchanges: Exchange[] = []
  readonly #meddling: Meddling
  #chip: BusResponder
  #forged: Uint8Array | undefined

  constructor(chip: BusResponder, meddling: Meddling = {}) {
    this.#chip = chip
    this.#meddling = meddling
  }

  async answer(request: BusRequest): Promise<BusAnswer> {
    const { forge, alter, chipAt } = this.#meddling
    if (request.kind === 'write') {
      const position = this.exchanges.length
      this.#chip = chipAt?.(position) ?? this.#chip
      this.#forged = forge?.(position, request.data)
      this.exchanges.push({ command: request.data, response: undefined, readLengths: [] })
      if (this.#forged !== undefined) return { kind: 'done', data: new Uint8Array() }
      return this.#chip.answer(request)
    }
    if (request.kind !== 'read') return this.#chip.answer(request)
    const answer = await this.#read(request)
    const exchange = this.exchanges.at(-1)
    if (answer.kind !== 'done' || exchange === undefined) return answer
    const position = this.exchanges.length - 1
    const data = alter?.(position, answer.data) ?? answer.data
    exchange.response = data
    exchange.readLengths.push(data.length)
    return { kind: 'done', data }
  }

  async #read(request: Extract<BusRequest, { kind: 'read' }>): Promise<BusAnswer> {
    if (this.#forged === undefined) return this.#chip.answer(request)
    const data = new Uint8Array(request.length).fill(0xff)
    data.set(this.#forged.subarray(0, request.length))
    return { kind: 'done', data }
  }
}
