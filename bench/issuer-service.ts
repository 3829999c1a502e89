import { fork } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toBase64 } from '@keyline/bytes'
import { ServerProcesses } from '../test/issuer/support/server-processes.ts'
import { drawBoard } from '../test/issuer/support/boards.ts'
import { writeOrder } from '../test/support/line.ts'
import type { LoadJob, LoadResult } from './issuer-load.ts'

/** Requests of a station for one order, each for a board and a key of its own. */
export interface OrderRequests {
  readonly orderId: string
  readonly count: number
  /** See `LoadJob`. */
  readonly file: string
}

/** Makes the requests of so many orders, which every service of a run takes anew. */
export async function prepareRequests(
  folder: string,
  orders: readonly string[],
  count: number,
): Promise<readonly OrderRequests[]> {
  const prepared: OrderRequests[] = []
  for (const orderId of orders) {
    const lines: string[] = []
    for (let place = 1; place <= count; place++) {
      const { request, serialNumber } = await drawBoard(orderId, place)
      const { unitId, idempotencyKey, csr } = request
      const body = JSON.stringify({ unit: unitId, serialNumber, csr: toBase64(csr) })
      const head = [
        `POST /v1/orders/${orderId}/dac HTTP/1.1`,
        'host: localhost',
        'content-type: application/json',
        'accept: application/json',
        `idempotency-key: ${idempotencyKey}`,
        `content-length: ${body.length}`,
      ]
      lines.push(JSON.stringify(`${head.join('\r\n')}\r\n\r\n${body}`))
    }
    const file = join(folder, `${orderId}.requests`)
    writeFileSync(file, `${lines.join('\n')}\n`)
    prepared.push({ orderId, count, file })
  }
  return prepared
}

/** `keyline serve` so many times on one ledger, with an open order for each set of requests. */
export async function startService(options: {
  readonly folder: string
  readonly ledger: string
  readonly servers: number
  readonly orders: readonly OrderRequests[]
}): Promise<ServerProcesses> {
  const { folder, ledger, orders } = options
  const servers = await ServerProcesses.start({ folder, ledger }, options.servers)
  await servers.enrol('station', 'station')
  for (const { orderId, count } of orders) {
    const changes = { id: orderId, pool: orderId, quantity: count, certificateLimit: count }
    await servers.asOwner('order', 'create', await writeOrder(folder, changes))
  }
  return servers
}

/** Asks for all certificates of an order, over so many kept connections, from a process of its own. */
export function runLoad(
  program: string,
  servers: ServerProcesses,
  { requests, connections }: { readonly requests: OrderRequests; readonly connections: number },
): Promise<LoadResult> {
  const read = (file: string): string =>
    readFileSync(join(servers.credentials('station'), file), 'utf8')
  const job: LoadJob = {
    ports: servers.ports(),
    connections,
    ca: readFileSync(servers.caFile, 'utf8'),
    certificate: read('member.cert.pem'),
    key: read('member.key.pem'),
    requests: requests.file,
  }
  const child = fork(program, [], { execArgv: [] })
  return new Promise((resolve, reject) => {
    child.once('message', (result: LoadResult) => {
      const { 201: issued = 0 } = result.statuses
      if (issued === requests.count) resolve(result)
      else reject(new Error(`answers of the server: ${JSON.stringify(result.statuses)}`))
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the load ended with ${code}`)))
    child.send(job)
  })
}

/** A duration that this share of the requests does not exceed. */
export function quantileMs(spans: LoadResult['spans'], share: number): number {
  const sorted = spans.map(([begin, end]) => end - begin).toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
