import { once } from 'node:events'
import {
  connect,
  createServer,
  type ListenOptions,
  type NetConnectOpts,
  type Socket,
} from 'node:net'
import type { Place } from './search.ts'

/** A relay in front of a socket that keeps all that passes, each way by itself. */
export class Tap implements AsyncDisposable {
  readonly #name: string
  readonly #there: Uint8Array[] = []
  readonly #back: Uint8Array[] = []
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer()

  private constructor(name: string) {
    this.#name = name
  }

  static async start(name: string, listen: ListenOptions, target: NetConnectOpts): Promise<Tap> {
    const tap = new Tap(name)
    tap.#server.on('connection', (caller) => tap.#relay(caller, connect(target)))
    tap.#server.listen(listen)
    await once(tap.#server, 'listening')
    return tap
  }

  /** TCP port of the relay. */
  get port(): number {
    const address = this.#server.address()
    if (typeof address === 'object' && address !== null) return address.port
    throw new Error(`${this.#name} has no port`)
  }

  places(): readonly Place[] {
    return [
      { name: `${this.#name}, there`, octets: Buffer.concat(this.#there) },
      { name: `${this.#name}, back`, octets: Buffer.concat(this.#back) },
    ]
  }

  #relay(caller: Socket, called: Socket): void {
    for (const [from, to, kept] of [
      [caller, called, this.#there],
      [called, caller, this.#back],
    ] as const) {
      this.#sockets.add(from)
      from.on('data', (octets: Uint8Array) => {
        kept.push(Uint8Array.from(octets))
        to.write(octets)
      })
      from.on('error', () => to.destroy())
      from.on('end', () => to.end())
      from.once('close', () => this.#sockets.delete(from))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
