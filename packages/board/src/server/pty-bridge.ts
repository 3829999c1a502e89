import type { Bench } from '../bench/bench.ts'
import type { HostPort } from '../uart/serial-line.ts'
import { openPty, type Pty } from './pty.ts'

/** Gives the serial line of a slot a tty. When the port vanishes, it comes back as another tty. */
export class PtyBridge {
  readonly #bench: Bench
  readonly #slot: number
  #pty: Pty | undefined
  #port: HostPort | undefined
  #isClosed = false

  constructor(bench: Bench, slot: number) {
    this.#bench = bench
    this.#slot = slot
  }

  /** Opens the tty and announces its name in the list of the programmer. @throws BoardError `BOARD_PTY` */
  async open(): Promise<void> {
    const pty = await openPty()
    this.#pty = pty
    this.#bench.announcePort(this.#slot, pty.path)
    const port = await this.#openLine()
    this.#port = port
    pty.listen((octets) => {
      port.write(octets).catch(() => undefined)
    })
    void this.#carry(port, pty)
  }

  close(): void {
    this.#isClosed = true
    void this.#port?.close()
    this.#pty?.close()
  }

  async #carry(port: HostPort, pty: Pty): Promise<void> {
    for await (const octets of port.received) pty.write(octets)
    pty.close()
    if (!this.#isClosed) await this.open()
  }

  /** A line that a fault holds is free at the second try. */
  async #openLine(): Promise<HostPort> {
    const name = this.#bench.portOf(this.#slot)
    return this.#bench.open(name).catch(() => this.#bench.open(name))
  }
}
