import { connect, type Socket } from 'node:net'
import {
  concat,
  interruption,
  startTimer,
  systemClock,
  throwIfInterrupted,
  type Clock,
} from '@keyline/bytes'
import { StsafeError } from '../errors.ts'
import {
  encodeBusRequest,
  takeBusAnswer,
  type BusAnswer,
  type BusRequest,
} from '../layout/byte-stream.ts'
import type { Transport } from './transport.ts'

export type StreamAddress =
  | { readonly host: string; readonly port: number }
  | { readonly path: string }

export interface StreamOptions {
  readonly clock: Clock
  /** How long one answer may take. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

const defaultTimeoutMs = 5000

/**
 * Connects to a simulator in another process (section 1.7). It serves one client at a time and closes others at once.
 * @throws StsafeError `STSAFE_BUS` when nobody listens
 */
export async function openStreamTransport(
  address: StreamAddress,
  options: StreamOptions,
): Promise<Transport> {
  throwIfInterrupted(options.signal)
  const name =
    'path' in address ? `unix://${address.path}` : `tcp://${address.host}:${address.port}`
  const socket = await options.clock.during(
    () =>
      new Promise<Socket>((resolve, reject) => {
        const opening = connect(address)
        opening.once('connect', () => {
          opening.setNoDelay(true)
          resolve(opening)
        })
        opening.once('error', (cause) => {
          const message = `${name} cannot be reached: ${cause.message}`
          const remedy = 'check that a simulator listens there, and that its name is right'
          reject(new StsafeError('STSAFE_BUS', message, { cause, remedy }))
        })
      }),
  )
  return new StreamTransport(name, socket, options)
}

interface Waiting {
  readonly resolve: (answer: BusAnswer) => void
  readonly reject: (error: Error) => void
}

class StreamTransport implements Transport {
  readonly name: string
  readonly #socket: Socket
  readonly #options: StreamOptions
  #received: Uint8Array = new Uint8Array()
  #waiting: Waiting | undefined
  #failure: Error | undefined
  #hasAnswered = false

  constructor(name: string, socket: Socket, options: StreamOptions) {
    this.name = name
    this.#socket = socket
    this.#options = options
    socket.on('data', (data) => this.#receive(data))
    socket.on('error', (cause) => this.#loseConnection(`the connection broke: ${cause.message}`))
    socket.on('close', () => this.#loseConnection('the connection was closed'))
  }

  async transfer(request: BusRequest, signal?: AbortSignal): Promise<BusAnswer> {
    throwIfInterrupted(signal)
    if (this.#failure !== undefined) throw this.#failure
    if (this.#waiting !== undefined) throw new StsafeError('STSAFE_BUS', `${this.name} is waiting`)
    return this.#options.clock.during(() => this.#ask(request, signal))
  }

  /** Ends when the simulator, which serves one client at a time, has let go of this one. */
  async close(): Promise<void> {
    const isIdle = this.#failure === undefined && this.#waiting === undefined
    this.#failure ??= new StsafeError('STSAFE_BUS', `${this.name}: the bus was closed`)
    const socket = this.#socket
    if (socket.closed) return
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    if (isIdle) socket.end()
    else socket.destroy()
    const { clock, timeoutMs = defaultTimeoutMs } = this.#options
    const cancel = startTimer(systemClock, timeoutMs, () => socket.destroy())
    await clock.during(() => closed).finally(cancel)
  }

  async #ask(request: BusRequest, signal: AbortSignal | undefined): Promise<BusAnswer> {
    const { timeoutMs = defaultTimeoutMs } = this.#options
    const answered = new Promise<BusAnswer>((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
    // Real time: a virtual clock stands still while the socket is waited for.
    const cancel = startTimer(systemClock, timeoutMs, () =>
      this.#fail(`no answer in ${timeoutMs} ms`),
    )
    // An answer that comes later would be taken for that of the next request: the connection ends.
    const onAbort = (): void => this.#end(interruption(signal))
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      this.#socket.write(encodeBusRequest(request))
      return await answered
    } finally {
      cancel()
      signal?.removeEventListener('abort', onAbort)
      this.#waiting = undefined
    }
  }

  #receive(data: Uint8Array): void {
    this.#received = this.#received.length === 0 ? data : concat(this.#received, data)
    const taken = takeBusAnswer(this.#received)
    if (taken === 'incomplete') return
    if (taken === 'malformed') {
      this.#fail('the simulator answers nonsense')
      return
    }
    if (this.#waiting === undefined || taken.length < this.#received.length) {
      this.#fail('the simulator answers without being asked')
      return
    }
    this.#received = new Uint8Array()
    this.#hasAnswered = true
    this.#waiting.resolve(taken.message)
  }

  /** A simulator that has a client closes every other connection at once, without an answer. */
  #loseConnection(reason: string): void {
    if (this.#hasAnswered) this.#fail(reason)
    else this.#fail(`${reason} before any answer`, 'STSAFE_BUS_IN_USE')
  }

  #fail(reason: string, code: 'STSAFE_BUS' | 'STSAFE_BUS_IN_USE' = 'STSAFE_BUS'): void {
    this.#end(new StsafeError(code, `${this.name}: ${reason}`))
  }

  #end(error: Error): void {
    this.#failure ??= error
    this.#socket.destroy()
    this.#waiting?.reject(this.#failure)
  }
}
