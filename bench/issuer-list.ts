import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { systemRandom, toHex } from '@keyline/bytes'
import type { ServerProcesses } from '../test/issuer/support/server-processes.ts'
import type { Figure } from './framework.ts'
import { callers } from './issuer-ceiling.ts'
import type { LoadResult } from './issuer-load.ts'
import { quantileMs, runLoad, startService, type OrderRequests } from './issuer-service.ts'

const entries = 100_000
/** The end of the build that is looked at, long enough for hundreds of requests. */
const lookMs = 500

export interface ListFiguresInput {
  readonly folder: string
  readonly orders: readonly OrderRequests[]
  readonly program: string
}

/** What a request waits for while the server that answers it builds a list of all certificates it ever revoked. */
export async function* listFigures(input: ListFiguresInput): AsyncIterable<Figure> {
  const { folder, program, orders } = input
  const place = join(folder, 'list')
  const ledger = join(place, 'ledger.db')
  mkdirSync(place)
  await using servers = await startService({ folder: place, ledger, servers: 1, orders })
  const [warmUp, quiet, ...busy] = orders
  if (warmUp === undefined || quiet === undefined) return
  const load = async (requests: OrderRequests): Promise<LoadResult['spans']> =>
    (await runLoad(program, servers, { requests, connections: callers })).spans
  await load(warmUp)
  const without = quantileMs(await load(quiet), 0.99)
  const { sha256, issuerKeyId } = fill(ledger)
  let isBuilt = false
  const building = buildList(servers, sha256).finally(() => {
    isBuilt = true
  })
  const during: LoadResult['spans'][number][] = []
  for (const requests of busy) if (!isBuilt) during.push(...(await load(requests)))
  const built = await building
  const meanwhile = during.filter(([begin, end]) => end > built - lookMs && begin < built)
  const value = quantileMs(meanwhile, 0.99)
  yield {
    figure: `p99 while a list of ${entries} certificates is built, ${meanwhile.length} requests`,
    value,
    unit: 'ms',
    ceiling: without,
    ratio: value / without,
    goal: { of: 'ratio', is: 'at most', limit: 2 },
  }
  const list = await servers.fetch('owner', { path: `/v1/crl/${issuerKeyId}.crl` })
  yield { figure: 'that list', value: list.length / 1e6, unit: 'MB' }
}

/** Puts revocations in as rows: a transaction for each would take minutes. Gives a certificate that is not revoked. */
function fill(file: string): { readonly sha256: string; readonly issuerKeyId: string } {
  const database = new Sqlite(file, { timeout: 10_000 })
  try {
    const certificate = database
      .prepare<[], { sha256: string; issuerKeyId: string }>(
        'select sha256, issuer_key_id as issuerKeyId from certificate limit 1',
      )
      .get()
    if (certificate === undefined) throw new Error('the ledger has no certificate')
    const { issuerKeyId } = certificate
    const insert = database.prepare(
      `insert into revocation (issuer_key_id, place, serial_number, reason, revoked_at)
       values (?, ?, ?, 'keyCompromise', ?)`,
    )
    database.transaction(() => {
      database
        .prepare(
          `insert into revocation_list (issuer_key_id, number, revocations) values (?, 0, ?)
           on conflict (issuer_key_id) do update set revocations = excluded.revocations`,
        )
        .run(issuerKeyId, entries)
      for (let place = 1; place <= entries; place++) {
        insert.run(issuerKeyId, place, toHex(systemRandom.bytes(8)), Date.UTC(2026, 0, 1) + place)
      }
    })()
    return certificate
  } finally {
    database.close()
  }
}

/** Revokes one more, for which the server builds a new list. @returns when it was there, milliseconds since 1970 */
async function buildList(servers: ServerProcesses, sha256: string): Promise<number> {
  const [server] = servers.servers
  const path = `/v1/certificates/${sha256}/revoke`
  await servers.call('owner', { path, json: { reason: 'superseded' } })
  const line = await server.said(`"count":${entries + 1},`)
  return Date.parse(/"time":"([^"]+)"/.exec(line)?.[1] ?? '')
}
