import { BoardError } from '@keyline/board'
import type { Programmer, SerialPort, SerialPorts, StationParts } from '@keyline/station'

/** A USB hub between a station and all of its probes and ports. */
export class Hub {
  #isUp = true
  /** Rejects with the hub; made anew each time it comes up. */
  #lost = Promise.withResolvers<never>()

  constructor() {
    this.#lost.promise.catch(() => undefined)
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** Everything behind the hub vanishes at once: open ports end, calls in progress fail. */
  down(): void {
    this.#isUp = false
    this.#lost.reject(gone())
  }

  up(): void {
    this.#isUp = true
    this.#lost = Promise.withResolvers<never>()
    this.#lost.promise.catch(() => undefined)
  }

  /** The same station, its boards behind this hub. */
  readonly between = (parts: StationParts): StationParts => ({
    ...parts,
    programmer: this.#programmer(parts.programmer),
    ports: this.#ports(parts.ports),
  })

  async #through<T>(act: () => Promise<T>): Promise<T> {
    if (!this.#isUp) throw gone()
    return Promise.race([act(), this.#lost.promise])
  }

  #programmer(programmer: Programmer): Programmer {
    const { erase, protect } = programmer
    return {
      ...(erase === undefined ? {} : { erase }),
      ...(protect === undefined ? {} : { protect }),
      list: async (options) => (this.#isUp ? programmer.list(options) : []),
      connect: (probe, options) => this.#through(() => programmer.connect(probe, options)),
      download: (probe, address, octets, options) =>
        this.#through(() => programmer.download(probe, address, octets, options)),
      read: (probe, address, length, options) =>
        this.#through(() => programmer.read(probe, address, length, options)),
      reset: (probe, options) => this.#through(() => programmer.reset(probe, options)),
    }
  }

  #ports(ports: SerialPorts): SerialPorts {
    return {
      open: async (name) => {
        const port = await this.#through(() => ports.open(name))
        return {
          received: this.#until(port),
          write: (octets) => this.#through(() => port.write(octets)),
          close: () => port.close(),
        }
      },
    }
  }

  /** What the port receives, until the hub is lost. */
  async *#until(port: SerialPort): AsyncGenerator<Uint8Array, void> {
    const octets = port.received[Symbol.asyncIterator]()
    const lost = this.#lost.promise.catch(() => ({ done: true as const, value: undefined }))
    for (;;) {
      const next = await Promise.race([octets.next(), lost])
      if (next.done === true) return
      yield next.value
    }
  }
}

function gone(): BoardError {
  return new BoardError('BOARD_NO_PROBE', 'the hub is gone', { details: { class: 'no-probe' } })
}
