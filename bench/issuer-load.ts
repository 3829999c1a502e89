import { readFileSync } from 'node:fs'
import { connect, type TLSSocket } from 'node:tls'

/** What the process that makes the load is told: over the channel from its parent. */
export interface LoadJob {
  readonly ports: readonly number[]
  readonly connections: number
  /** PEM. */
  readonly ca: string
  readonly certificate: string
  readonly key: string
  /** Whole HTTP requests, each a JSON text a line. */
  readonly requests: string
}

/** What it answers when every request has its answer. */
export interface LoadResult {
  readonly seconds: number
  /** Begin and end of each request, milliseconds since 1970. */
  readonly spans: readonly (readonly [begin: number, end: number])[]
  /** Answers by their status. */
  readonly statuses: Readonly<Record<string, number>>
  /** CPU seconds of this process. */
  readonly cpu: number
}

const headEnd = Buffer.from('\r\n\r\n')

/** One kept connection, one request at a time. */
class Connection {
  readonly #socket: TLSSocket
  #received: Buffer[] = []
  #length = 0
  #wanted = Number.POSITIVE_INFINITY
  #status = ''
  #answered: (status: string) => void = () => undefined

  constructor(socket: TLSSocket) {
    this.#socket = socket
    socket.on('data', (piece: Buffer) => this.#take(piece))
    socket.once('close', () => this.#answered('closed'))
  }

  static open(port: number, { ca, certificate: cert, key }: LoadJob): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const options = { port, host: '127.0.0.1', servername: 'localhost', ca, cert, key }
      const socket = connect({ ...options, minVersion: 'TLSv1.3' }, () => {
        socket.setNoDelay(true)
        resolve(new Connection(socket))
      })
      socket.once('error', reject)
    })
  }

  /** The status of the answer. */
  ask(request: Buffer): Promise<string> {
    return new Promise((resolve) => {
      this.#answered = resolve
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(piece: Buffer): void {
    this.#received.push(piece)
    this.#length += piece.length
    if (this.#wanted === Number.POSITIVE_INFINITY) this.#readHead()
    if (this.#length < this.#wanted) return
    const status = this.#status
    this.#received = []
    this.#length = 0
    this.#wanted = Number.POSITIVE_INFINITY
    this.#answered(status)
  }

  #readHead(): void {
    const all = this.#received.length === 1 ? this.#received[0] : Buffer.concat(this.#received)
    const end = all?.indexOf(headEnd) ?? -1
    if (all === undefined || end < 0) return
    const head = all.toString('latin1', 0, end)
    this.#status = head.slice(9, 12)
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (length === undefined) throw new Error(`an answer without a length: ${head}`)
    this.#wanted = end + headEnd.length + Number(length)
  }
}

async function run(job: LoadJob): Promise<LoadResult> {
  const requests = readFileSync(job.requests, 'utf8').trimEnd().split('\n').map(requestOf)
  const connections = await Promise.all(
    Array.from({ length: job.connections }, (_, place) =>
      Connection.open(job.ports[place % job.ports.length] ?? 0, job),
    ),
  )
  const spans: (readonly [number, number])[] = []
  const statuses: Record<string, number> = {}
  let next = 0
  const cpuBefore = process.cpuUsage()
  const start = performance.now()
  await Promise.all(
    connections.map(async (connection) => {
      for (let request = requests[next++]; request !== undefined; request = requests[next++]) {
        const begin = performance.now()
        const status = await connection.ask(request)
        spans.push([performance.timeOrigin + begin, performance.timeOrigin + performance.now()])
        statuses[status] = (statuses[status] ?? 0) + 1
      }
    }),
  )
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  for (const connection of connections) connection.close()
  return { seconds, spans, statuses, cpu: (user + system) / 1e6 }
}

function requestOf(line: string): Buffer {
  return Buffer.from(String(JSON.parse(line)), 'latin1')
}

async function answer(job: LoadJob): Promise<void> {
  const result = await run(job)
  process.send?.(result, () => process.disconnect())
}

process.once('message', (job: LoadJob) => void answer(job))
