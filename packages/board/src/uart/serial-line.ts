import type { Clock } from '@keyline/bytes'
import { BoardError } from '../errors.ts'
import type { FaultPlan } from '../fault/fault-plan.ts'
import { OctetQueue } from './octet-queue.ts'
import { Wire } from './wire.ts'

/** The open end of a serial line at the host. */
export interface HostPort {
  /** Octets in the order of arrival; ends when the port is closed or vanishes. One reader. */
  readonly received: AsyncIterable<Uint8Array>
  /** Ends when the last octet has left. @throws BoardError `BOARD_PORT_CLOSED` */
  write(octets: Uint8Array): Promise<void>
  close(): Promise<void>
}

export interface SerialLineOptions {
  readonly name: string
  readonly clock: Clock
  readonly octetMs: number
  readonly faults: () => FaultPlan
}

/**
 * A serial line, 8N1 without flow control, between a probe's port and the board that is plugged in.
 * What reaches a closed port is lost; what reaches a board that does not listen is lost too.
 */
export class SerialLine {
  #name: string
  readonly #faults: () => FaultPlan
  readonly #toHost: Wire
  readonly #toBoard: Wire
  #port: OctetQueue | undefined
  #listener: ((octets: Uint8Array) => void) | undefined

  constructor(options: SerialLineOptions) {
    this.#name = options.name
    this.#faults = options.faults
    const { clock, octetMs, faults } = options
    this.#toHost = new Wire({
      clock,
      octetMs,
      faults,
      deliver: (octets) => {
        this.#port?.push(octets)
        this.#mayVanish(octets.length)
      },
    })
    this.#toBoard = new Wire({
      clock,
      octetMs,
      faults,
      deliver: (octets) => {
        this.#listener?.(octets)
        this.#mayVanish(octets.length)
      },
    })
  }

  /** Name of the port at the host. */
  get name(): string {
    return this.#name
  }

  /** The port goes and comes back under another name, as after a new enumeration of the USB bus. */
  rename(name: string): void {
    this.#port?.end()
    this.#port = undefined
    this.#name = name
  }

  /** Opens the host's end. @throws BoardError `BOARD_PORT_BUSY` */
  open(): HostPort {
    if (this.#port !== undefined || this.#faults().strikes('port-busy')) {
      throw new BoardError('BOARD_PORT_BUSY', `the serial port ${this.name} is open elsewhere`)
    }
    const port = new OctetQueue()
    this.#port = port
    return {
      received: port,
      write: async (octets) => {
        if (this.#port !== port) {
          throw new BoardError('BOARD_PORT_CLOSED', `the serial port ${this.name} is closed`)
        }
        await this.#toBoard.send(Uint8Array.from(octets))
      },
      close: () => {
        port.end()
        if (this.#port === port) this.#port = undefined
        return Promise.resolve()
      },
    }
  }

  /** The board's receiver; `undefined` while no firmware runs. */
  listen(listener: ((octets: Uint8Array) => void) | undefined): void {
    this.#listener = listener
  }

  /** Sends from the board. Ends when the last octet has arrived. */
  transmit(octets: Uint8Array): Promise<void> {
    return this.#toHost.send(octets)
  }

  /** The board loses power: what it was sending is lost. */
  clear(): void {
    this.#listener = undefined
    this.#toHost.clear()
  }

  #mayVanish(length: number): void {
    if (this.#faults().strikesWithin('port-vanishes', length).length === 0) return
    this.#port?.end()
    this.#port = undefined
  }
}
