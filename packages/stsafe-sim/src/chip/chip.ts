import { CryptoError } from '@keyline/crypto'
import {
  commandOf,
  decodeCommandFrame,
  deviceTypes,
  encodeResponseFrame,
  HeaderFlag,
  isExtended,
  macLength,
  maxCounter,
  Status,
  unmeasuredMs,
  type CommandFrame,
  type DeviceType,
} from '@keyline/stsafe/layout'
import { admit, demandUnlocked } from '../command/access.ts'
import type { Context } from '../command/context.ts'
import { demand, present, Refusal } from '../command/refusal.ts'
import { serviceFor } from '../command/service.ts'
import { servicesOf } from '../command/services.ts'
import { Memory, type StateStore } from '../nvm/memory.ts'
import { trueRandomness, type Randomness } from '../nvm/randomness.ts'
import type { ChipState } from '../nvm/state.ts'
import { freshVolatile, markOf, type VolatileState } from '../nvm/volatile.ts'
import { HostSession } from '../session/host-session.ts'

export interface ChipOptions {
  readonly state: ChipState
  /** Of the operating system unless given. */
  readonly randomness?: Randomness | undefined
  /** Nowhere unless given: the state lives as long as the object. */
  readonly store?: StateStore | undefined
}

/** What a command payload is with its protection taken off. */
interface Opened {
  readonly session: HostSession | undefined
  /** Counter after the command. */
  readonly counter: number
  /** As transmitted, without MAC. */
  readonly payload: Uint8Array
}

const notMeasuredMs = 20

/** The command processor: one frame in, one frame out. It knows neither bus nor time. */
export class Chip {
  readonly memory: Memory
  readonly randomness: Randomness
  readonly volatile: VolatileState
  readonly type: DeviceType
  #session: HostSession | undefined

  constructor({ state, store, randomness = trueRandomness() }: ChipOptions) {
    this.memory = new Memory(state, store)
    this.randomness = randomness
    this.volatile = freshVolatile(state.i2c.address.address)
    this.type = deviceTypes[state.device]
  }

  /** The frame that answers a frame. Every octet string has an answer. */
  execute(frame: Uint8Array): Uint8Array {
    try {
      const command = decodeCommandFrame(frame)
      if (typeof command === 'string') throw new Refusal(Status.communicationError)
      demand(frame.length - 2 <= this.type.maxFrame, Status.bufferLengthExceeded)
      return encodeResponseFrame(Status.ok, this.#answer(command))
    } catch (error) {
      if (error instanceof Refusal) return encodeResponseFrame(error.status)
      // A key of the state that is none: a chip that was made so, or a file that was.
      if (error instanceof CryptoError) return encodeResponseFrame(Status.unexpectedError)
      throw error
    }
  }

  /** All volatile contexts end, and a new I2C address takes effect. */
  reset(): void {
    Object.assign(this.volatile, freshVolatile(this.memory.state.i2c.address.address))
  }

  #answer(command: CommandFrame): Uint8Array {
    const { session, counter, payload } = this.#open(command)
    const { code, header, flags } = command
    const isKnown = commandOf(code) !== undefined
    const hasCode = this.type.extendedCommands || !isExtended(code)
    demand(isKnown && hasCode, Status.commandCodeNotSupported)
    const services = servicesOf(code)
    const { state } = this.memory
    const isAuthenticated = session !== undefined
    const encryption = admit({ state, volatile: this.volatile, code, isAuthenticated })
    const isCommandEncrypted = session !== undefined && encryption.command
    const plain = isCommandEncrypted
      ? present(session.decryptCommand(counter, payload), Status.commandDecryptionError)
      : payload
    demandUnlocked(state, code, plain)
    const { volatile, randomness } = this
    const context: Context = { state, volatile, randomness, isAuthenticated }
    const putBack = markOf(volatile)
    try {
      const answer = serviceFor(services, plain).run(context, plain)
      const sent =
        session && encryption.response ? session.encryptResponse(counter, answer) : answer
      const isSealed = (flags & HeaderFlag.responseMac) !== 0
      const sealed =
        session && isSealed
          ? session.seal(counter, { header, payload }, { status: Status.ok, payload: sent })
          : sent
      demand(1 + sealed.length <= this.type.maxFrame, Status.bufferLengthExceeded)
      this.memory.commit(context.state)
      return sealed
    } catch (error) {
      const isTooLong = error instanceof Refusal && error.status === Status.bufferLengthExceeded
      if (isTooLong) putBack()
      throw error
    }
  }

  /** Checks the C-MAC and counts the command. From then on it counts, whatever its outcome. */
  #open({ flags, header, body }: CommandFrame): Opened {
    if ((flags & HeaderFlag.commandMac) === 0) {
      return { session: undefined, counter: 0, payload: body }
    }
    demand(body.length >= macLength, Status.inconsistentCommandData)
    const { state } = this.memory
    const session = this.#sessionOf(state)
    const payload = body.subarray(0, -macLength)
    const mac = body.subarray(-macLength)
    const isAuthentic = session.isAuthentic(state.hostCounter, { header, payload }, mac)
    demand(isAuthentic, Status.invalidCommandMac)
    demand(state.hostCounter < maxCounter(this.type.counterWidth), Status.macCounterMaximumReached)
    const counter = state.hostCounter + 1
    this.memory.commit({ ...state, hostCounter: counter })
    return { session, counter, payload }
  }

  /** One session a pair of keys, so that a cipher is made once. */
  #sessionOf({ hostKeys }: ChipState): HostSession {
    const keys = present(hostKeys, Status.keyNotFound)
    if (this.#session?.keys !== keys) {
      this.#session = new HostSession(keys, this.type.counterWidth)
    }
    return this.#session
  }
}

/** Nominal processing time of the command in a frame (section 1.6); 20 ms where none was measured. */
export function nominalMs(frame: Uint8Array): number {
  const command = decodeCommandFrame(frame)
  if (typeof command === 'string') return 0
  const nominal = commandOf(command.code)?.nominalMs ?? unmeasuredMs
  return nominal === unmeasuredMs ? notMeasuredMs : nominal
}
