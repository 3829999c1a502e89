import { once } from 'node:events'
import { BoardError } from '@keyline/board'
import type {
  CallOptions,
  Programmer,
  SerialPort,
  SerialPorts,
  StationParts,
} from '@keyline/station'

/** A USB hub between a station and all of its probes and ports. */
export class Hub {
  /** Fires when the hub goes down; another one each time it comes up. */
  #loss = new AbortController()

  /** Everything behind the hub vanishes at once: open ports end, calls in progress fail. */
  down(): void {
    this.#loss.abort()
  }

  up(): void {
    this.#loss = new AbortController()
  }

  /** The same station, its boards behind this hub. */
  readonly between = (parts: StationParts): StationParts => ({
    ...parts,
    programmer: this.#programmer(parts.programmer),
    ports: this.#ports(parts.ports),
  })

  /** One call to a probe behind the hub. */
  async #call<T>(
    options: CallOptions | undefined,
    act: (options: CallOptions) => Promise<T>,
  ): Promise<T> {
    const { signal: lost } = this.#loss
    if (lost.aborted) throw gone()
    const signal = options?.signal === undefined ? lost : AbortSignal.any([options.signal, lost])
    try {
      return await act({ ...options, signal })
    } catch (error) {
      throw lost.aborted ? gone() : error
    }
  }

  #programmer(programmer: Programmer): Programmer {
    return {
      list: async (options) => (this.#loss.signal.aborted ? [] : programmer.list(options)),
      connect: (probe, options) => this.#call(options, (all) => programmer.connect(probe, all)),
      download: (probe, address, octets, options) =>
        this.#call(options, (all) => programmer.download(probe, address, octets, all)),
      read: (probe, address, length, options) =>
        this.#call(options, (all) => programmer.read(probe, address, length, all)),
      reset: (probe, options) => this.#call(options, (all) => programmer.reset(probe, all)),
    }
  }

  #ports(ports: SerialPorts): SerialPorts {
    return {
      open: async (name) => {
        const { signal: lost } = this.#loss
        if (lost.aborted) throw gone()
        const port = await ports.open(name)
        return {
          received: untilLost(port, lost),
          write: (octets) => (lost.aborted ? Promise.reject(gone()) : port.write(octets)),
          close: () => port.close(),
        }
      },
    }
  }
}

/** What the port receives, until the hub is lost. */
async function* untilLost(port: SerialPort, lost: AbortSignal): AsyncGenerator<Uint8Array, void> {
  const octets = port.received[Symbol.asyncIterator]()
  const end = once(lost, 'abort').then(() => undefined)
  for (;;) {
    const next = lost.aborted ? undefined : await Promise.race([octets.next(), end])
    if (next === undefined || next.done === true) return
    yield next.value
  }
}

function gone(): BoardError {
  return new BoardError('BOARD_NO_PROBE', 'the hub is gone', { details: { class: 'no-probe' } })
}
