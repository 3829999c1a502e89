import { startTimer, withDeadline, BytesError, type Clock } from '@keyline/bytes'
import { StationError } from '../errors.ts'
import type { SerialPort } from '../port/serial-port.ts'
import type { Channel, Line } from './channel.ts'
import { FloodMeter, type FloodLimits } from './flood-meter.ts'
import { LineQuality } from './line-quality.ts'

/** What a port may take and bring. Each act of the system has a limit of its own, milliseconds. */
export interface SerialLimits extends FloodLimits {
  readonly openMs: number
  /** Beside the time that the octets take on the line. */
  readonly writeMs: number
  readonly closeMs: number
}

export const serialLimits: SerialLimits = {
  openMs: 5000,
  writeMs: 3000,
  closeMs: 3000,
  lineOctets: 65_536,
  runOctets: 1_048_576,
}

/** An act of the system that did not come back; its handle stays open until it does. */
export interface AbandonedPort {
  readonly name: string
  readonly act: 'open' | 'write' | 'close'
  readonly afterMs: number
}

export interface OpenSerialPortOptions {
  /** Name of the port for messages. */
  readonly name: string
  readonly line: Line
  readonly clock: Clock
  readonly limits: SerialLimits
  /** Hears of a handle that may have leaked. */
  readonly onAbandoned: (port: AbandonedPort) => void
  /** Hears at the end that the line carried no text: probably another bit rate. */
  readonly onGarbled: (name: string) => void
  /** Hears that nothing of the port is open any more. */
  readonly onClosed: () => void
}

/** 8N1 at 115 200 bit/s. */
const octetMs = 10_000 / 115_200

/**
 * Opens a line and forgets what had arrived on it before.
 * @throws StationError `STATION_PORT_STUCK`, or what the line throws
 */
export async function openSerialPort(options: OpenSerialPortOptions): Promise<SerialPort> {
  const { line, limits, name } = options
  const opening = line.open()
  let channel: Channel
  try {
    channel = await within(options, limits.openMs, opening)
  } catch (error) {
    if (!isLate(error)) {
      options.onClosed()
      throw error
    }
    options.onAbandoned({ name, act: 'open', afterMs: limits.openMs })
    void opening.then((late) => late.close()).then(options.onClosed, options.onClosed)
    throw stuck(name, 'open', limits.openMs)
  }
  const port = new OpenPort(channel, options)
  try {
    await within(options, limits.openMs, channel.discard())
    return port
  } catch (error) {
    await port.close()
    throw isLate(error) ? stuck(name, 'open', limits.openMs) : vanished(name, error)
  }
}

class OpenPort implements SerialPort {
  readonly received: AsyncIterable<Uint8Array>
  readonly #channel: Channel
  readonly #options: OpenSerialPortOptions
  readonly #meter: FloodMeter
  readonly #quality = new LineQuality()
  #state: 'open' | 'vanished' | 'closed' = 'open'
  #isEnded = false
  #writing: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | undefined
  #endWait: () => void = () => undefined
  #stopWatch: () => void = () => undefined

  constructor(channel: Channel, options: OpenSerialPortOptions) {
    this.#channel = channel
    this.#options = options
    this.#meter = new FloodMeter(options.limits)
    this.received = this.#receive()
    this.#watch()
  }

  write(octets: Uint8Array): Promise<void> {
    const own = Uint8Array.from(octets)
    const written = this.#writing.then(() => this.#write(own))
    this.#writing = written.catch(() => undefined)
    return written
  }

  async close(): Promise<void> {
    if (this.#state === 'open') this.#state = 'closed'
    await this.#end()
  }

  async *#receive(): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const octets = await this.#next()
      if (octets === undefined) return
      this.#quality.count(octets)
      this.#meter.count(octets)
      yield octets
    }
  }

  /** The next octets; `undefined` when the line or this port has ended. */
  #next(): Promise<Uint8Array | undefined> {
    if (this.#isEnded) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      this.#endWait = () => resolve(undefined)
      void this.#read().then(resolve)
    })
  }

  async #read(): Promise<Uint8Array | undefined> {
    const octets = await this.#channel.read().catch(() => undefined)
    if (octets === undefined) this.#vanish()
    return octets
  }

  async #write(octets: Uint8Array): Promise<void> {
    const { name, limits, onAbandoned } = this.#options
    if (this.#state === 'vanished') throw vanished(name)
    if (this.#state === 'closed') throw new StationError('STATION_PORT', `${name} is closed`)
    const limitMs = Math.ceil(limits.writeMs + octets.length * octetMs)
    try {
      await within(this.#options, limitMs, this.#channel.write(octets))
    } catch (error) {
      this.#vanish()
      if (!isLate(error)) throw vanished(name, error)
      onAbandoned({ name, act: 'write', afterMs: limitMs })
      throw stuck(name, 'write', limitMs)
    }
  }

  /** Some drivers never tell that their port is gone: the list of the system does. */
  #watch(): void {
    const { clock, line } = this.#options
    this.#stopWatch = startTimer(clock, line.watchMs, () => void this.#look(line))
  }

  async #look(line: Line): Promise<void> {
    const isPresent = await line.isPresent().catch(() => false)
    if (this.#isEnded) return
    if (isPresent) this.#watch()
    else this.#vanish()
  }

  #vanish(): void {
    if (this.#state === 'open') this.#state = 'vanished'
    void this.#end()
  }

  #end(): Promise<void> {
    this.#isEnded = true
    this.#stopWatch()
    this.#endWait()
    if (this.#closing === undefined) {
      this.#closing = this.#closeChannel()
      if (this.#quality.isGarbled) this.#options.onGarbled(this.#options.name)
    }
    return this.#closing
  }

  /** Never throws: what is left of a port that does not close is reported and left. */
  async #closeChannel(): Promise<void> {
    const { name, limits, onAbandoned, onClosed } = this.#options
    // What waits for a line that is gone or stands still would hold the closing for as long.
    const emptied =
      this.#state === 'vanished' ? this.#channel.discard().catch(ignore) : Promise.resolve()
    const closed = emptied.then(() => this.#channel.close())
    try {
      await within(this.#options, limits.closeMs, closed)
      onClosed()
    } catch (error) {
      if (!isLate(error)) {
        onClosed()
        return
      }
      onAbandoned({ name, act: 'close', afterMs: limits.closeMs })
      void closed.then(onClosed, onClosed)
    }
  }
}

function ignore(): void {}

function within<T>(options: OpenSerialPortOptions, ms: number, act: Promise<T>): Promise<T> {
  return withDeadline({ clock: options.clock, ms, what: options.name }, () => act)
}

function isLate(error: unknown): boolean {
  return error instanceof BytesError && error.code === 'DEADLINE_PASSED'
}

function stuck(name: string, act: AbandonedPort['act'], ms: number): StationError {
  return new StationError(
    'STATION_PORT_STUCK',
    `${name} did not come back from ${act} within ${ms} ms; it is abandoned`,
    { details: { port: name, act } },
  )
}

function vanished(name: string, cause?: unknown): StationError {
  return new StationError('STATION_PORT', `${name} has vanished`, { cause })
}
