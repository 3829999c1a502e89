import { parseJson, type Clock } from '@keyline/bytes'
import type { BusAnswer, BusRequest } from '@keyline/stsafe/layout'
import { StsafeSimError } from '../errors.ts'
import { momentFromJson, momentToJson } from '../chip/snapshot.ts'
import { stateFromJson, stateToJson } from '../nvm/image.ts'
import { Chip, nominalMs, type ChipOptions } from '../chip/chip.ts'

export interface SimulatedBusOptions extends ChipOptions {
  /** With a clock a command takes its nominal time; without one it is done at once. */
  readonly clock?: Clock | undefined
}

/** What a read gives: octets, or no acknowledge. */
export type ReadOutcome = Uint8Array | 'nack'
export type WriteOutcome = 'done' | 'nack'

const pastTheEnd = 0xff
const nothing: BusAnswer = { kind: 'done', data: new Uint8Array() }

/** The chip on its bus (section 1): plain writes and reads, NACK while it is busy. */
export class SimulatedBus {
  readonly chip: Chip
  readonly #clock: Clock | undefined
  #response: Uint8Array | undefined
  #busyUntilMs = 0

  constructor(options: SimulatedBusOptions) {
    this.chip = new Chip(options)
    this.#clock = options.clock
  }

  /** 7-bit address under which the chip answers at present. */
  get address(): number {
    return this.chip.volatile.address
  }

  /** One write transaction up to STOP. Without octets it only wakes the chip. */
  write(frame: Uint8Array): WriteOutcome {
    if (this.#isBusy()) return 'nack'
    if (frame.length === 0) return 'done'
    this.#response = undefined
    if (this.#clock !== undefined) {
      this.#busyUntilMs = this.#clock.monotonicMs() + nominalMs(frame)
    }
    this.#response = this.chip.execute(frame)
    return 'done'
  }

  /** One read transaction: the response from its first octet on, then FF. */
  read(length: number): ReadOutcome {
    if (this.#isBusy() || this.#response === undefined) return 'nack'
    const octets = new Uint8Array(length).fill(pastTheEnd)
    octets.set(this.#response.subarray(0, length))
    return octets
  }

  /** One transaction as the byte stream of a simulator names it (section 1.7). */
  answer(request: BusRequest): BusAnswer {
    switch (request.kind) {
      case 'write':
        return this.write(request.data) === 'nack' ? { kind: 'nack' } : nothing
      case 'read': {
        const data = this.read(request.length)
        return data === 'nack' ? { kind: 'nack' } : { kind: 'done', data }
      }
      case 'reset':
        this.reset()
        return nothing
      case 'power-cycle':
        this.powerCycle()
        return nothing
      default:
        return request satisfies never
    }
  }

  /**
   * The bus as a host sees it that calls this 7-bit address: a chip under another one does not acknowledge. The lines for
   * reset and power reach it all the same.
   */
  calledAt(address: number): { answer(request: BusRequest): BusAnswer } {
    return {
      answer: (request) => {
        const isAddressed = request.kind === 'write' || request.kind === 'read'
        return isAddressed && this.address !== address ? { kind: 'nack' } : this.answer(request)
      },
    }
  }

  /** The complete chip as text, contexts of sequences included: a test can go on from the middle of one. */
  snapshot(): string {
    const { memory, volatile, randomness } = this.chip
    const { position } = randomness
    const moment = momentToJson({ volatile, response: this.#response, position })
    return JSON.stringify({ state: stateToJson(memory.state), moment })
  }

  /** Puts the chip where a snapshot was taken. @throws StsafeSimError `SIM_STATE` */
  restore(snapshot: string): void {
    const { state, moment } = partsOf(snapshot)
    const { volatile, response, position } = momentFromJson(moment)
    this.chip.memory.commit(stateFromJson(state))
    Object.assign(this.chip.volatile, volatile)
    this.chip.randomness.position = position
    this.#response = response
  }

  /** Pulse on the reset line. */
  reset(): void {
    this.#response = undefined
    this.#busyUntilMs = 0
    this.chip.reset()
  }

  powerCycle(): void {
    this.reset()
  }

  #isBusy(): boolean {
    return this.#clock !== undefined && this.#clock.monotonicMs() < this.#busyUntilMs
  }
}

function partsOf(snapshot: string): { readonly state: string; readonly moment: string } {
  const json = parseJson(snapshot, 'a snapshot', { maxLength: longestSnapshot })
  const parts = new Map(Object.entries(json ?? {}))
  const [state, moment] = [parts.get('state'), parts.get('moment')]
  if (typeof state === 'string' && typeof moment === 'string') return { state, moment }
  throw new StsafeSimError('SIM_STATE', 'a snapshot has the two texts state and moment')
}

const longestSnapshot = 128 * 1024 * 1024
