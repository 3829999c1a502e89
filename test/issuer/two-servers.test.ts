import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toHex } from '@keyline/bytes'
import type { DacRequest, IssuerClient } from '@keyline/issuer/client'
import { Draw } from '../support/draw.ts'
import { FaultProxy, type Fate } from '../support/fault-proxy.ts'
import { temporaryFolder, writeOrder } from '../support/line.ts'
import { Openssl } from '../support/openssl.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { scaled, testSeed } from '../support/scale.ts'
import { drawBoard, type BoardRequest } from './support/boards.ts'
import { ask, runCampaign, type CampaignResult } from './support/campaign.ts'
import { issuanceViolations, type IssuanceEvidence } from './support/check-issuance.ts'
import { fates, PowerCuts } from './support/harm.ts'
import { readLedgerRows, readRevokedSerials } from './support/ledger-rows.ts'
import { plainSerial, readList, verifyWithLists } from './support/openssl-lists.ts'
import { auditLog, impatient, ServerProcesses } from './support/server-processes.ts'

const boards = scaled(1_000, 10_000)
const callers = 32
/** Boards that come when all certificates are used. */
const tooMany = 32
/** One answer in so many comes to harm. */
const harmedOnceIn = 10

/** One answer of the database in so many is lost with its connection, that to a COMMIT among them (STO-5). */
const lostOnWireOnceIn = 100

/** Boards from one power cut to the next. */
const cutEvery = scaled(250, 1_000)

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let postgres: TestPostgres
let url: string
let servers: ServerProcesses
/** Between the servers and their database. */
let wire: FaultProxy
let fateOnWire: () => Fate = () => undefined

beforeAll(async () => {
  folder = await temporaryFolder('keyline-campaign')
  postgres = await startPostgres()
  url = await postgres.freshDatabase()
  const { port } = new URL(url)
  wire = await FaultProxy.start({ targets: () => [Number(port)], fateOf: () => fateOnWire() })
  const ledger = url.replace(`:${port}/`, `:${wire.port}/`)
  servers = await ServerProcesses.start({ folder: folder.path, ledger }, 2)
  await servers.enrol('station-1', 'station')
  await servers.enrol('station-2', 'station')
  await servers.enrol('auditor', 'auditor')
})
afterAll(async () => {
  await servers?.[Symbol.asyncDispose]()
  await wire?.[Symbol.asyncDispose]()
  await postgres?.[Symbol.asyncDispose]()
  await folder?.[Symbol.asyncDispose]()
})

async function campaign(
  orderId: string,
  options: {
    readonly boards: number
    readonly quota: number
    readonly onServed?: (count: number) => void
    readonly isWireHarmed?: boolean
    readonly sabotage?: (client: IssuerClient) => IssuerClient
  },
): Promise<CampaignResult & { readonly evidence: IssuanceEvidence; readonly harmed: number }> {
  const { quota, onServed = () => undefined, sabotage = (same) => same } = options
  const draw = new Draw(`${orderId} ${testSeed}`)
  await createOrder(orderId, quota)
  await using proxy = await FaultProxy.start({
    targets: servers.ports,
    fateOf: fates(draw, harmedOnceIn),
  })
  const clients = Array.from({ length: callers }, (_, place) =>
    servers.client(`station-${(place % 2) + 1}`, proxy.port, impatient),
  )
  try {
    const asking = clients.map(sabotage)
    if (options.isWireHarmed === true) {
      fateOnWire = () => (draw.once(lostOnWireOnceIn) ? draw.pick(['lost', 'cut']) : undefined)
    }
    const result = await runCampaign({ ...options, orderId, clients: asking, draw, onServed })
    fateOnWire = () => undefined
    return {
      ...result,
      harmed: proxy.harmedAnswers,
      evidence: {
        ledger: await readLedgerRows(url, orderId),
        held: result.held,
        refused: result.refused,
        pai: authorityPem('pai'),
        audit: await auditLog(servers, 'auditor'),
      },
    }
  } finally {
    fateOnWire = () => undefined
    for (const client of clients) await client.close()
  }
}

describe(`two servers on one PostgreSQL, ${callers} callers, one answer in ${harmedOnceIn} harmed`, () => {
  let whole: IssuanceEvidence

  it(`give each of ${boards} boards exactly one certificate, through deaths of servers and database`, async () => {
    const cuts = new PowerCuts({ servers, postgres, boards, every: cutEvery })
    const { evidence, errors, harmed, refused, held } = await campaign('campaign', {
      boards: boards + tooMany,
      quota: boards,
      onServed: cuts.onServed,
    })
    expect([...errors]).toEqual([])
    expect(issuanceViolations(evidence)).toEqual([])
    expect(held).toHaveLength(boards)
    expect(refused).toHaveLength(tooMany)
    expect(harmed).toBeGreaterThan(boards / (harmedOnceIn + 2))
    expect(await cuts.count()).toBe(boards / cutEvery - 1)
  })

  it('give each board one certificate when answers of the database are lost, too (STO-5)', async () => {
    const few = scaled(150, 2_000)
    const { evidence, errors, refused } = await campaign('wire', {
      boards: few,
      quota: few,
      isWireHarmed: true,
    })
    expect([...errors]).toEqual([])
    expect(issuanceViolations(evidence)).toEqual([])
    expect(refused).toEqual([])
    expect(wire.harmedAnswers).toBeGreaterThan(0)
    whole = evidence
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

type Answers = {
  readonly dacs: readonly Uint8Array[]
  readonly codes: ReadonlyMap<string, number>
}

/** Callers with kept connections to both servers; what they are told when they ask for all of these at once. */
async function withCallers(
  work: (askAtOnce: (requests: readonly DacRequest[]) => Promise<Answers>) => Promise<void>,
): Promise<void> {
  await using proxy = await FaultProxy.start({ targets: servers.ports, fateOf: () => undefined })
  const clients = Array.from({ length: callers }, (_, place) =>
    servers.client(`station-${(place % 2) + 1}`, proxy.port),
  )
  try {
    await work(async (requests) => {
      const codes = new Map<string, number>()
      const dacs: Uint8Array[] = []
      const share = async (client: IssuerClient, place: number): Promise<void> => {
        const own = requests.filter((_, index) => index % callers === place)
        for (const answer of await Promise.all(own.map((request) => ask(client, request)))) {
          if (typeof answer === 'string') codes.set(answer, (codes.get(answer) ?? 0) + 1)
          else dacs.push(answer)
        }
      }
      await Promise.all(clients.map(share))
      return { dacs, codes }
    })
  } finally {
    for (const client of clients) await client.close()
  }
}

function authorityPem(role: 'paa' | 'pai'): string {
  return readFileSync(join(folder.path, 'pki', `${role}.cert.pem`), 'utf8')
}

/** The revocation list of the PAI as anyone gets it, DER. */
function newestList(): Promise<Uint8Array> {
  const { publicKey } = new X509Certificate(authorityPem('pai'))
  // RFC 5280 section 4.2.1.2, method 1: over the octets of the point, the last 65 of the DER.
  const point = publicKey.export({ format: 'der', type: 'spki' }).subarray(-65)
  const keyId = createHash('sha1').update(point).digest('hex')
  return servers.fetch('owner', { path: `/v1/crl/${keyId}.crl` })
}

async function createOrder(id: string, certificateLimit: number): Promise<void> {
  const order = { id, pool: id, quantity: certificateLimit, certificateLimit }
  await servers.asOwner('order', 'create', await writeOrder(folder.path, order))
}

function drawBoards(orderId: string, count: number, before = 0): Promise<readonly BoardRequest[]> {
  const places = Array.from({ length: count }, (_, index) => before + index + 1)
  return Promise.all(places.map((place) => drawBoard(orderId, place)))
}

describe('two servers on one PostgreSQL', () => {
  it('give the last certificate of an order to one of 512 callers (RACE-3)', () =>
    withCallers(async (askAtOnce) => {
      for (let round = 0; round < scaled(1, 20); round++) {
        const orderId = `last-${round}`
        await createOrder(orderId, 1)
        const boards = await drawBoards(orderId, 512)
        const { dacs, codes } = await askAtOnce(boards.map(({ request }) => request))
        expect({ dacs: dacs.length, codes: [...codes] }).toEqual({
          dacs: 1,
          codes: [['ISSUER_QUOTA_REACHED', 511]],
        })
        const { order, certificates } = await readLedgerRows(url, orderId)
        expect(order.certificates_used).toBe(1)
        expect(certificates.map(({ der }) => toHex(der))).toEqual(dacs.map(toHex))
      }
    }))

  it('answer one of many requests under one idempotency key, and refuse the others (RACE-4)', () =>
    withCallers(async (askAtOnce) => {
      const rounds = scaled(5, 1_000)
      await createOrder('one-key', rounds)
      for (let round = 0; round < rounds; round++) {
        const boards = await drawBoards(`one-key`, 16, round * 16)
        const { dacs, codes } = await askAtOnce(
          boards.map(({ request }) => ({ ...request, idempotencyKey: `one-key:${round}` })),
        )
        expect({ dacs: dacs.length, codes: [...codes] }).toEqual({
          dacs: 1,
          codes: [['ISSUER_IDEMPOTENCY_CONFLICT', 15]],
        })
      }
      const { certificates, order } = await readLedgerRows(url, 'one-key')
      expect([certificates.length, order.certificates_used]).toEqual([rounds, rounds])
    }))

  it('publish what was revoked at one moment, while they revoke and issue, as openssl reads it (RACE-7)', () =>
    withCallers(async (askAtOnce) => {
      const [revoked, kept] = [scaled(24, 400), scaled(48, 800)]
      await createOrder('lists', revoked + kept)
      const boards = (await drawBoards('lists', revoked + kept)).map(({ request }) => request)
      const { dacs: bad } = await askAtOnce(boards.slice(0, revoked))
      const lists: Uint8Array[] = []
      const revoke = async (): Promise<void> => {
        for (const dac of bad) {
          const path = `/v1/certificates/${createHash('sha256').update(dac).digest('hex')}/revoke`
          await servers.call('owner', { path, json: { reason: 'superseded' } })
          lists.push(await newestList())
        }
      }
      const signed = Promise.any(servers.servers.map((one) => one.said(`"count":${revoked},`)))
      const [{ dacs: good }] = await Promise.all([askAtOnce(boards.slice(revoked)), revoke()])
      await signed
      expect([bad.length, good.length]).toEqual([revoked, kept])

      using openssl = new Openssl()
      for (const ca of ['paa', 'pai'] as const) openssl.write(`${ca}.pem`, authorityPem(ca))
      const order = (await readRevokedSerials(url)).map(plainSerial)
      let before = 0
      for (const der of lists) {
        const { number, serials } = await readList(openssl, der, 'pai.pem')
        expect(number).toBeGreaterThanOrEqual(before)
        expect(serials).toEqual(order.slice(0, serials.length))
        before = number
      }
      const list = await newestList()
      expect((await readList(openssl, list, 'pai.pem')).serials).toHaveLength(revoked)
      const path = join(folder.path, 'paa.crl')
      const pki = ['--pki', join(folder.path, 'pki'), '--role', 'paa']
      await servers.onServer('pki', 'crl', ...pki, '--format', 'pem', '--out', path)
      const upperList = readFileSync(path, 'utf8')
      expect(await verifyWithLists(openssl, { dacs: [...bad, ...good], list, upperList })).toEqual([
        ...bad.map(() => 'revoked'),
        ...good.map(() => 'good'),
      ])
    }))
})
