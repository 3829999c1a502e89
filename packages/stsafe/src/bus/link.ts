import type { Clock } from '@keyline/bytes'
import { StsafeError } from '../errors.ts'
import type { BusAnswer, BusRequest } from '../layout/byte-stream.ts'
import { busTiming } from '../layout/device.ts'
import { announcedLength, firstReadLength } from '../layout/frame.ts'
import type { Transport } from './transport.ts'

/** Waits of section 1.4; what is left out has the value of the SDK. */
export interface Polling {
  /** Between the write and the first read; `nominal` waits the processing time of the command (section 1.6). */
  readonly firstMs: number | 'nominal'
  readonly retryMs: number
  /** Per transaction. */
  readonly maxAttempts: number
}

export const sdkPolling: Polling = {
  firstMs: busTiming.firstPollingMs,
  retryMs: busTiming.pollingRetryMs,
  maxAttempts: busTiming.maxAttempts,
}

export interface LinkOptions {
  readonly transport: Transport
  readonly clock: Clock
  readonly polling?: Polling | undefined
}

export interface Transaction {
  /** The whole frame, CRC included. */
  readonly frame: Uint8Array
  /** Greatest response: status, payload and R-MAC, without CRC. */
  readonly maxFrame: number
  /** Processing time of the command. */
  readonly nominalMs: number
  readonly signal?: AbortSignal | undefined
}

/** Brings one frame to the chip and its response back, with the polling of section 1.4. */
export class Link {
  readonly #transport: Transport
  readonly #clock: Clock
  readonly #polling: Polling

  constructor({ transport, clock, polling = sdkPolling }: LinkOptions) {
    this.#transport = transport
    this.#clock = clock
    this.#polling = polling
  }

  get name(): string {
    return this.#transport.name
  }

  /**
   * Write, wait, read five octets, and read the whole frame when there is a payload (section 1.2).
   * @throws StsafeError `STSAFE_BUS_BUSY`, `STSAFE_BUS`, `STSAFE_FRAME_SIZE`
   */
  async transact({ frame, maxFrame, nominalMs, signal }: Transaction): Promise<Uint8Array> {
    await this.#attempt({ kind: 'write', data: frame }, signal)
    const { firstMs } = this.#polling
    await this.#clock.sleep(firstMs === 'nominal' ? nominalMs : firstMs, signal)
    const start = await this.#read(firstReadLength, signal)
    const length = announcedLength(start)
    // Three octets before the payload, two of CRC: status and payload have to fit the frame, and there is a status.
    if (length < firstReadLength || length - 4 > maxFrame) {
      const message = `a response on ${this.name} announces ${length - 3} octets`
      throw new StsafeError('STSAFE_FRAME_SIZE', `${message}, but must have 2 to ${maxFrame + 1}`)
    }
    return length === firstReadLength ? start : this.#read(length, signal)
  }

  /** The address phase alone, which wakes a chip from standby (section 1.5). */
  async wake(signal?: AbortSignal): Promise<void> {
    await this.#attempt({ kind: 'write', data: new Uint8Array() }, signal)
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await this.#clock.sleep(ms, signal)
  }

  /** Power cycle or pulse on the reset line, where the bus has them, and the boot time after it. */
  async restart(kind: 'power-cycle' | 'reset', signal?: AbortSignal): Promise<void> {
    const { kind: answer } = await this.#transport.transfer({ kind }, signal)
    if (answer !== 'done') throw new StsafeError('STSAFE_BUS', `${this.name} has no ${kind}`)
    await this.#clock.sleep(busTiming.bootMs, signal)
  }

  async close(): Promise<void> {
    await this.#transport.close()
  }

  async #read(length: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const octets = await this.#attempt({ kind: 'read', length }, signal)
    if (octets.length === length) return octets
    const message = `${this.name} gave ${octets.length} octets instead of ${length}`
    throw new StsafeError('STSAFE_BUS', message)
  }

  /** Repeats the same transaction while the chip does not acknowledge; any other error ends it, after one wait. */
  async #attempt(request: BusRequest, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const { maxAttempts, retryMs } = this.#polling
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const answer: BusAnswer = await this.#transport.transfer(request, signal)
      if (answer.kind === 'done') return answer.data
      await this.#clock.sleep(retryMs, signal)
      if (answer.kind === 'bus-error') {
        throw new StsafeError('STSAFE_BUS', `${this.name} reports a bus error at a ${request.kind}`)
      }
    }
    const message = `the chip on ${this.name} acknowledged no ${request.kind} in ${maxAttempts} attempts`
    // A write without acknowledge was not taken: the chip has executed nothing.
    throw new StsafeError('STSAFE_BUS_BUSY', message, {
      details: { sent: request.kind === 'read' },
    })
  }
}
