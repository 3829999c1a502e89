import {
  encodeResponseFrame,
  maxCounter,
  maxTransfer,
  ProductTag,
  statusMask,
  type BusAnswer,
  type BusRequest,
} from '@keyline/stsafe/layout'
import { SimulatedBus } from '../bus/simulated-bus.ts'
import { chipOf, spl05Profile } from '../nvm/profile.ts'
import type { ChipState } from '../nvm/state.ts'
import { faults, type Fault, type FaultName } from './fault.ts'

/** Power is gone in the middle of a command. */
class PowerLoss extends Error {}

const nack: BusAnswer = { kind: 'nack' }
const done: BusAnswer = { kind: 'done', data: new Uint8Array() }
const firstReadLength = 5

/** A chip on its bus with a script of faults. Each of them happens once, at its position. */
export class FaultyBus {
  readonly #bus: SimulatedBus
  readonly #script: readonly Fault[]
  #answering: SimulatedBus
  #position = -1
  #active: Fault | undefined
  /** How often the active fault can still happen. */
  #left = 0
  #isStuck = false
  #isRetried = false
  #last: Uint8Array | undefined
  /** Answer that stands in the place of the chip's own. */
  #substitute: Uint8Array | undefined

  constructor(bus: SimulatedBus, script: readonly Fault[]) {
    this.#bus = bus
    this.#answering = bus
    this.#script = script
  }

  /** Exchanges so far: an undisturbed run tells where faults can be put. */
  get exchanges(): number {
    return this.#position + 1
  }

  answer(request: BusRequest): BusAnswer {
    if (request.kind === 'reset' || request.kind === 'power-cycle') {
      this.#isStuck = false
      return this.#answering.answer(request)
    }
    if (request.kind === 'write' && request.data.length > 0) return this.#command(request.data)
    if (this.#isStuck) return nack
    return request.kind === 'read'
      ? this.#response(request.length)
      : this.#answering.answer(request)
  }

  #command(frame: Uint8Array): BusAnswer {
    if (!this.#isRetried) this.#next()
    this.#isRetried = false
    if (this.#isStuck) return nack
    if (this.#left > 0 && this.#isFault('nack-command')) return this.#repelled(nack)
    if (this.#left > 0 && this.#isFault('bus-error')) return this.#repelled({ kind: 'bus-error' })
    if (this.#isFault('answer-status')) {
      this.#substitute = encodeResponseFrame(this.#value & statusMask)
      return done
    }
    const answer = this.#executed(this.#disturbedCommand(frame))
    this.#substitute = this.#isFault('replay-response') ? this.#last : undefined
    this.#last = this.#whole()
    return answer
  }

  #disturbedCommand(frame: Uint8Array): Uint8Array {
    if (this.#isFault('flip-command')) return flipped(frame, this.#value)
    if (this.#isFault('cut-command')) return frame.subarray(0, this.#value)
    if (this.#isFault('lengthen-command'))
      return padded(frame, frame.length + Math.min(this.#value, maxTransfer))
    return frame
  }

  /** The next exchange begins, and with it the fault that the script names for it. */
  #next(): void {
    this.#position++
    this.#substitute = undefined
    this.#active = this.#script.find(({ position }) => position === this.#position)
    this.#left = this.#value
    if (this.#isFault('stuck-busy')) this.#isStuck = true
    if (this.#isFault('swap-identity')) this.#answering = otherChip(this.#bus)
    if (this.#isFault('exhaust-counters')) {
      const { memory, type } = this.#bus.chip
      memory.commit(exhausted(memory.state, maxCounter(type.counterWidth)))
    }
  }

  #executed(frame: Uint8Array): BusAnswer {
    const { memory } = this.#answering.chip
    let writes = 0
    const failsAt = this.#isFault('power-loss-before') ? 1 : 2
    const isWatched = this.#isFault('power-loss-before') || this.#isFault('power-loss-during')
    if (isWatched) {
      memory.watch = {
        before() {
          if (++writes === failsAt) throw new PowerLoss()
        },
        after: () => undefined,
      }
    }
    try {
      const answer = this.#answering.answer({ kind: 'write', data: frame })
      if (isWatched || this.#isFault('power-loss-after')) this.#answering.powerCycle()
      return answer
    } catch (error) {
      if (!(error instanceof PowerLoss)) throw error
      this.#answering.powerCycle()
      return done
    } finally {
      memory.watch = undefined
    }
  }

  #response(length: number): BusAnswer {
    if (this.#isFault('nack-response') && this.#left > 0) return this.#spend(nack)
    if (this.#isFault('lose-response')) return nack
    if (this.#substitute !== undefined) {
      return { kind: 'done', data: padded(this.#substitute, length) }
    }
    const answer = this.#answering.answer({ kind: 'read', length })
    if (answer.kind !== 'done') return answer
    return { kind: 'done', data: this.#disturbed(answer.data) }
  }

  #disturbed(data: Uint8Array): Uint8Array {
    if (this.#isFault('flip-response')) return flipped(data, this.#value)
    if (this.#isFault('cut-response')) return padded(data.subarray(0, this.#value), data.length)
    if (this.#isFault('announce-length') && data.length >= 3) {
      const changed = Uint8Array.from(data)
      new DataView(changed.buffer).setUint16(1, this.#value & 0xffff)
      return changed
    }
    return data
  }

  /** The response that waits now, as a host would read it. */
  #whole(): Uint8Array | undefined {
    const start = this.#answering.read(firstReadLength)
    if (start === 'nack') return undefined
    const whole = this.#answering.read(3 + (((start[1] ?? 0) << 8) | (start[2] ?? 0)))
    return whole === 'nack' ? undefined : whole
  }

  #isFault(name: FaultName): boolean {
    return this.#active?.name === name
  }

  get #value(): number {
    return this.#active === undefined ? 0 : (this.#active.value ?? faults[this.#active.name].value)
  }

  /** The write did not reach the chip: when it comes again it is the same exchange. */
  #repelled(answer: BusAnswer): BusAnswer {
    this.#isRetried = true
    return this.#spend(answer)
  }

  #spend(answer: BusAnswer): BusAnswer {
    this.#left--
    return answer
  }
}

/** Octets past the end of the input are FF. */
function padded(octets: Uint8Array, length: number): Uint8Array {
  const result = new Uint8Array(length).fill(0xff)
  result.set(octets.subarray(0, length))
  return result
}

function flipped(octets: Uint8Array, bit: number): Uint8Array {
  const changed = Uint8Array.from(octets)
  const index = bit >> 3
  if (index < changed.length) changed[index] = (changed[index] ?? 0) ^ (0x80 >> (bit & 7))
  return changed
}

/** A chip of the same profile with another serial number and without keys. */
function otherChip({ chip }: SimulatedBus): SimulatedBus {
  const state = chipOf(spl05Profile)
  const productData = chip.memory.state.productData.map((entry) =>
    entry.tag === ProductTag.stNumber
      ? { ...entry, value: entry.value.map((octet) => octet ^ 0x55) }
      : entry,
  )
  return new SimulatedBus({ state: { ...state, productData }, randomness: chip.randomness })
}

function exhausted(state: ChipState, lastCounter: number): ChipState {
  return {
    ...state,
    hostCounter: lastCounter,
    zones: state.zones.map(({ entry, data }) =>
      entry.type === 'counter' ? { entry: { ...entry, counter: 0 }, data } : { entry, data },
    ),
    symmetricSlots: state.symmetricSlots.map(({ control, key }) => ({
      control,
      key: key && { ...key, counter: 0xffff_ffff },
    })),
    privateKeys: state.privateKeys.map((slot) => ({
      ...slot,
      key: slot.key && { ...slot.key, usageLimit: 0 },
    })),
  }
}
