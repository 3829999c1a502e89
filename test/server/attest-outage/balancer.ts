import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { callPort } from '../../support/verifier-service.ts'

const probeMs = 50

/** Passes connections on to the nodes that say they are ready, in turn. It knows nothing else of them. */
export class Balancer implements AsyncDisposable {
  readonly port: number
  readonly #server: Server
  readonly #nodes = new Set<number>()
  readonly #sockets = new Set<Socket>()
  readonly #end = new AbortController()
  #ready: readonly number[] = []
  #turn = 0

  private constructor(server: Server, port: number) {
    this.#server = server
    this.port = port
    server.on('connection', (caller: Socket) => this.#pass(caller))
    void this.#probe()
  }

  static async start(): Promise<Balancer> {
    const server = createServer({ noDelay: true })
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
    const address = server.address()
    if (typeof address !== 'object' || address === null) throw new Error('the balancer has no port')
    return new Balancer(server, address.port)
  }

  /** Ports that take connections. */
  get ready(): readonly number[] {
    return this.#ready
  }

  /** A node that is, or that comes. */
  add(port: number): void {
    this.#nodes.add(port)
  }

  async #probe(): Promise<void> {
    while (!this.#end.signal.aborted) {
      const states = await Promise.all(
        [...this.#nodes].map(async (port) => ({ port, isReady: await isReady(port) })),
      )
      this.#ready = states.filter((state) => state.isReady).map(({ port }) => port)
      await setTimeout(probeMs)
    }
  }

  #pass(caller: Socket): void {
    const port = this.#ready[this.#turn++ % Math.max(this.#ready.length, 1)]
    this.#watch(caller)
    if (port === undefined) return void caller.destroy()
    const node = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#watch(node)
    caller.once('close', () => node.destroy())
    node.once('close', () => caller.destroy())
    caller.pipe(node).pipe(caller)
  }

  #watch(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => this.#sockets.delete(socket))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort()
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((closed) => void this.#server.close(() => closed()))
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await callPort(port, { path: '/readyz' })).status === 200
  } catch {
    return false
  }
}
