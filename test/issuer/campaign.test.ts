import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toHex } from '@keyline/bytes'
import type { IssuerClient } from '@keyline/issuer/client'
import { Draw } from '../support/draw.ts'
import { FaultProxy, type Fate } from '../support/fault-proxy.ts'
import { temporaryFolder, writeOrder } from '../support/line.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { scaled, testSeed } from '../support/scale.ts'
import { drawBoard } from './support/boards.ts'
import { runCampaign, type CampaignResult } from './support/campaign.ts'
import { issuanceViolations, type IssuanceEvidence } from './support/check-issuance.ts'
import { readLedgerRows } from './support/ledger-rows.ts'
import { auditLog, ServerProcesses } from './support/server-processes.ts'

const boards = scaled(1_000, 10_000)
const callers = 32
/** Boards that come when all certificates are used. */
const tooMany = 32
/** One answer in so many comes to harm. */
const harmedOnceIn = 10

/** Boards from one power cut to the next. */
const cutEvery = scaled(250, 1_000)

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let postgres: TestPostgres
let url: string
let servers: ServerProcesses

beforeAll(async () => {
  folder = await temporaryFolder('keyline-campaign')
  postgres = await startPostgres()
  url = await postgres.freshDatabase()
  servers = await ServerProcesses.start({ folder: folder.path, ledger: url }, 2)
  await servers.enrol('station-1', 'station')
  await servers.enrol('station-2', 'station')
  await servers.enrol('auditor', 'auditor')
})
afterAll(async () => {
  await servers?.[Symbol.asyncDispose]()
  await postgres?.[Symbol.asyncDispose]()
  await folder?.[Symbol.asyncDispose]()
})

function fates(draw: Draw): () => Fate {
  return () => {
    if (!draw.once(harmedOnceIn)) return undefined
    // A hushed caller waits for two seconds: it stands for many, and is drawn less often.
    if (draw.once(20)) return 'hushed'
    return draw.pick<Fate>(['lost', 'cut', { late: draw.between(1, 150) }])
  }
}

/** A power cut at one server, at the other, at the database, in turn; each comes back at once. */
class PowerCuts {
  readonly #cuts = [
    ...servers.servers.map((server) => async () => {
      await server.kill()
      await server.start()
    }),
    async () => {
      await postgres.halt()
      await postgres.start()
    },
  ]
  #count = 0
  #last = Promise.resolve()

  readonly onServed = (served: number): void => {
    if (served % cutEvery !== 0 || served >= boards) return
    const cut = this.#cuts[this.#count++ % this.#cuts.length]
    this.#last = this.#last.then(cut)
  }

  /** How many there were, when the last one is over. */
  async count(): Promise<number> {
    await this.#last
    return this.#count
  }
}

async function campaign(
  orderId: string,
  options: {
    readonly boards: number
    readonly quota: number
    readonly onServed?: (count: number) => void
    readonly sabotage?: (client: IssuerClient) => IssuerClient
  },
): Promise<CampaignResult & { readonly evidence: IssuanceEvidence; readonly harmed: number }> {
  const { quota, onServed = () => undefined, sabotage = (same) => same } = options
  const draw = new Draw(`${orderId} ${testSeed}`)
  const order = { id: orderId, pool: orderId, quantity: quota, certificateLimit: quota }
  await servers.asOwner('order', 'create', await writeOrder(folder.path, order))
  await using proxy = await FaultProxy.start({ targets: servers.ports, fateOf: fates(draw) })
  const clients = Array.from({ length: callers }, (_, place) =>
    servers.client(`station-${(place % 2) + 1}`, proxy.port),
  )
  try {
    const asking = clients.map(sabotage)
    const result = await runCampaign({ ...options, orderId, clients: asking, draw, onServed })
    return {
      ...result,
      harmed: proxy.harmedAnswers,
      evidence: {
        ledger: await readLedgerRows(url, orderId),
        held: result.held,
        refused: result.refused,
        pai: readFileSync(join(folder.path, 'pki', 'pai.cert.pem'), 'utf8'),
        audit: await auditLog(servers, 'auditor'),
      },
    }
  } finally {
    for (const client of clients) await client.close()
  }
}

describe(`two servers on one PostgreSQL, ${callers} callers, one answer in ${harmedOnceIn} harmed`, () => {
  let whole: IssuanceEvidence

  it(`give each of ${boards} boards exactly one certificate, through deaths of servers and database`, async () => {
    const cuts = new PowerCuts()
    const { evidence, errors, harmed, refused, held } = await campaign('campaign', {
      boards: boards + tooMany,
      quota: boards,
      onServed: cuts.onServed,
    })
    whole = evidence
    expect([...errors]).toEqual([])
    expect(issuanceViolations(evidence)).toEqual([])
    expect(held).toHaveLength(boards)
    expect(refused).toHaveLength(tooMany)
    expect(harmed).toBeGreaterThan(boards / (harmedOnceIn + 2))
    expect(await cuts.count()).toBe(boards / cutEvery - 1)
  })

  it('are seen through by the checker when a client draws a new request for each try', async () => {
    const few = 60
    const { evidence } = await campaign('sabotage', {
      boards: few,
      quota: few * 4,
      sabotage: (client) => ({
        ...client,
        issue: async (request) => {
          const again = await drawBoard(request.orderId, 1)
          const { csr } = again.request
          await client.issue({ ...request, idempotencyKey: toHex(csr.subarray(-16)), csr })
          return client.issue(request)
        },
      }),
    })
    const found = issuanceViolations(evidence).filter((text) => text.startsWith('the unit'))
    expect(new Set(found).size).toBe(few)
  })

  type Change = (evidence: IssuanceEvidence) => IssuanceEvidence
  it.each<[what: string, change: Change, found: RegExp]>([
    [
      'a certificate that was not recorded',
      ({ ledger, ...rest }) => ({
        ...rest,
        ledger: { ...ledger, certificates: ledger.certificates.slice(0, -1) },
      }),
      /the ledger lacks the certificate of/,
    ],
    [
      'a unit of quota that was used for nothing',
      ({ ledger, ...rest }) => ({
        ...rest,
        ledger: {
          ...ledger,
          order: { ...ledger.order, certificates_used: ledger.order.certificates_used - 1 },
        },
      }),
      /certificates are used/,
    ],
    [
      'an answer that differs from the first',
      ({ held, ...rest }) => ({
        ...rest,
        held: held.map((board, place) => ({
          ...board,
          answers: place === 0 ? [...board.answers, ...(held[1]?.answers ?? [])] : board.answers,
        })),
      }),
      /was answered differently/,
    ],
    [
      'the certificate of another board',
      ({ held, ...rest }) => ({
        ...rest,
        held: held.map((board, place) => ({ ...board, answers: held[place ^ 1]?.answers ?? [] })),
      }),
      /holds one of another key/,
    ],
    [
      'a record that was taken out of the audit log',
      ({ audit, ...rest }) => ({ ...rest, audit: audit.split('\n').toSpliced(7, 1).join('\n') }),
      /the audit log breaks at 8/,
    ],
    [
      'an audit log without its end',
      ({ audit, ...rest }) => ({
        ...rest,
        audit: audit.trimEnd().split('\n').slice(0, -1).join('\n'),
      }),
      /the audit log does not end at/,
    ],
    [
      'a certificate that nobody holds',
      ({ held, ...rest }) => ({ ...rest, held: held.slice(1) }),
      /has one that nobody holds/,
    ],
  ])('are seen through by the checker, which finds %s', (_, change, found) => {
    expect(issuanceViolations(change(whole)).join('\n')).toMatch(found)
  })
})
