import { connect, type Socket } from 'node:net'
import { fromBase64url, toBase64url } from '@keyline/bytes'
import { cpuSecondsOf } from './framework.ts'
import { fleetToken, makeFleet, type FleetDevice } from './verifier-fleet.ts'

/** What the process that makes the load is told: over the channel from its parent. */
export interface FleetJob {
  readonly ports: readonly number[]
  readonly connections: number
  readonly devices: number
  readonly requests: number
  /** Of the servers. */
  readonly processes: readonly number[]
  /** `verify`: nonces are fetched and tokens signed before the clock runs. */
  readonly form: 'verify' | 'nonce and verify'
}

/** What it answers when every request has its answer. */
export interface FleetResult {
  readonly seconds: number
  /** Milliseconds of each verification, with its nonce where that is a part of it. */
  readonly spans: readonly number[]
  /** CPU time of the servers while the clock ran. */
  readonly cpuSeconds: number
  /** Answers by their status. */
  readonly statuses: Readonly<Record<string, number>>
}

interface Answer {
  readonly status: string
  readonly body: string
}

const headEnd = Buffer.from('\r\n\r\n')

/** One kept connection, one request at a time. */
class Connection {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #answered: (answer: Answer) => void = () => undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (piece: Buffer) => this.#take(piece))
    socket.once('close', () => this.#answered({ status: 'closed', body: '' }))
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1' }, () => resolve(new Connection(socket)))
      socket.once('error', reject)
    })
  }

  ask(request: Uint8Array): Promise<Answer> {
    return new Promise((resolve) => {
      this.#answered = resolve
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(piece: Buffer): void {
    this.#received = this.#received.length === 0 ? piece : Buffer.concat([this.#received, piece])
    const end = this.#received.indexOf(headEnd)
    if (end < 0) return
    const head = this.#received.toString('latin1', 0, end)
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (length === undefined) throw new Error(`an answer without a length: ${head}`)
    const start = end + headEnd.length
    if (this.#received.length < start + Number(length)) return
    const body = this.#received.toString('latin1', start)
    this.#received = Buffer.alloc(0)
    this.#answered({ status: head.slice(9, 12), body })
  }
}

const nonceRequest = Buffer.from(
  'GET /challenge-response/v1/nonce HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n\r\n',
)

async function fetchNonce(connection: Connection): Promise<Uint8Array> {
  const { status, body } = await connection.ask(nonceRequest)
  if (status !== '200') throw new Error(`no nonce: ${status} ${body}`)
  return fromBase64url(String(JSON.parse(body).nonce))
}

function verifyRequest(device: FleetDevice, nonce: Uint8Array): Uint8Array {
  const { octets } = fleetToken(device, nonce)
  const head = [
    `POST /challenge-response/v1/verify?nonce=${toBase64url(nonce)} HTTP/1.1`,
    'host: localhost',
    'accept: application/eat+jwt',
    'content-type: application/psa-attestation-token',
    `content-length: ${octets.length}`,
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), octets])
}

async function run(job: FleetJob): Promise<FleetResult> {
  const fleet = makeFleet(job.devices)
  const connections = await Promise.all(
    Array.from({ length: job.connections }, (_, place) =>
      Connection.open(job.ports[place % job.ports.length] ?? 0),
    ),
  )
  try {
    return await runThrough(job, fleet, connections)
  } finally {
    for (const connection of connections) connection.close()
  }
}

/** Each connection takes the next device as soon as it is free. */
async function runThrough(
  { form, requests, processes }: FleetJob,
  fleet: readonly FleetDevice[],
  connections: readonly Connection[],
): Promise<FleetResult> {
  const devices = Array.from({ length: requests }, (_, place) => fleet[place % fleet.length])
  const prepared = new Map<FleetDevice, Uint8Array>()
  const [any] = connections
  if (form === 'verify' && any !== undefined) {
    for (const device of devices) {
      if (device !== undefined) prepared.set(device, verifyRequest(device, await fetchNonce(any)))
    }
  }
  const spans: number[] = []
  const statuses: Record<string, number> = {}
  let next = 0
  const cpu = (): number => processes.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0)
  const cpuBefore = cpu()
  const start = performance.now()
  await Promise.all(
    connections.map(async (connection) => {
      for (let device = devices[next++]; device !== undefined; device = devices[next++]) {
        const begin = performance.now()
        const request = prepared.get(device) ?? verifyRequest(device, await fetchNonce(connection))
        const { status } = await connection.ask(request)
        spans.push(performance.now() - begin)
        statuses[status] = (statuses[status] ?? 0) + 1
      }
    }),
  )
  const seconds = (performance.now() - start) / 1_000
  return { seconds, spans, statuses, cpuSeconds: cpu() - cpuBefore }
}

process.on('message', (job: FleetJob) => {
  void run(job).then((result) => process.send?.(result))
})
// A benchmark that is cut off leaves no load behind.
process.once('disconnect', () => process.exit())
