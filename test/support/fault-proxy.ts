import { connect, createServer, type Server, type Socket } from 'node:net'
import { startTimer, systemClock } from '@keyline/bytes'

/**
 * What becomes of an answer on its way: `lost` with its connection, `hushed` so that the caller waits in vain, `cut` in
 * the middle with the connection, `late` by so many milliseconds. The server knows nothing of it: it has done its work.
 */
export type Fate = 'lost' | 'hushed' | 'cut' | { readonly late: number } | undefined

export interface FaultProxyOptions {
  /** Ports of the servers that live at this moment; connections take turns. */
  readonly targets: () => readonly number[]
  /** Asked for each piece of an answer, but never for the handshake of TLS. */
  readonly fateOf: () => Fate
}

/** A TCP proxy on this machine that does harm to answers. It sees TLS from outside: pieces, and who sent them. */
export class FaultProxy implements AsyncDisposable {
  readonly port: number
  /** Answers that came to harm, by their fate. */
  readonly harmed = new Map<string, number>()
  readonly #options: FaultProxyOptions
  readonly #server: Server
  readonly #sockets: Set<Socket>
  #turn = 0

  private constructor(
    server: Server,
    sockets: Set<Socket>,
    port: number,
    options: FaultProxyOptions,
  ) {
    this.#server = server
    this.#sockets = sockets
    this.port = port
    this.#options = options
    server.on('connection', (caller: Socket) => this.#serve(caller))
  }

  static async start(options: FaultProxyOptions): Promise<FaultProxy> {
    const server = createServer({ noDelay: true })
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
    const address = server.address()
    if (typeof address !== 'object' || address === null) throw new Error('the proxy has no port')
    return new FaultProxy(server, new Set(), address.port, options)
  }

  get harmedAnswers(): number {
    return [...this.harmed.values()].reduce((sum, count) => sum + count, 0)
  }

  #serve(caller: Socket): void {
    const targets = this.#options.targets()
    const port = targets[this.#turn++ % Math.max(targets.length, 1)]
    this.#watch(caller)
    if (port === undefined) return void caller.destroy()
    const server = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#watch(server)
    caller.once('close', () => server.destroy())
    server.once('close', () => caller.destroy())
    // The server's part of the handshake lies between the first and the second piece of the caller.
    let pieces = 0
    caller.on('data', (piece) => {
      pieces++
      server.write(piece)
    })
    server.on('data', (piece) => {
      const fate = pieces > 1 ? this.#options.fateOf() : undefined
      if (fate === undefined) caller.write(piece)
      else this.#harm(fate, piece, caller, server)
    })
  }

  #harm(fate: Exclude<Fate, undefined>, piece: Uint8Array, caller: Socket, server: Socket): void {
    const name = typeof fate === 'string' ? fate : 'late'
    this.harmed.set(name, (this.harmed.get(name) ?? 0) + 1)
    server.pause()
    if (fate === 'lost') caller.destroy()
    else if (fate === 'cut') caller.end(piece.subarray(0, piece.length >> 1))
    else if (typeof fate === 'object') {
      startTimer(systemClock, fate.late, () => {
        if (!caller.destroyed) caller.write(piece)
        server.resume()
      })
    }
  }

  #watch(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => this.#sockets.delete(socket))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((closed) => void this.#server.close(() => closed()))
  }
}
