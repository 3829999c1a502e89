import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isRetryable, seededRandom } from '@keyline/bytes'
import { verifyAuditExport, type IssuanceEntry, type Ledger } from '@keyline/ledger'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { scaled, testSeed } from '../support/scale.ts'
import { openAt, openRaw } from './support/databases.ts'
import { startPostgresProxy, type CommitFate } from './support/postgres-proxy.ts'
import { sampleOrder, Samples } from './support/sample.ts'

const certificates = scaled(60, 2000)
const callers = 8
/** Enough for any run of bad luck; a caller that needs more has lost its certificate. */
const mostTries = 40

/** One COMMIT in three goes wrong, in either way. */
function fates(): () => CommitFate {
  const random = seededRandom(`fates ${testSeed}`)
  return () => {
    const [draw = 0] = random.bytes(1)
    return draw < 50 ? 'answer lost' : draw < 85 ? 'never arrives' : 'passes'
  }
}

/** Faults STO-5 and STO-6. */
describe('a PostgreSQL server', () => {
  const samples = new Samples('lost answers')
  let server: TestPostgres

  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server.stop())

  it('that loses the answer to a commit, or the commit, records every certificate once', async () => {
    const url = await server.freshDatabase()
    await using direct = await openAt({ kind: 'postgres', url })
    await direct.createOrder(sampleOrder({ quantity: certificates }))
    await using proxy = await startPostgresProxy(url, fates())
    await using ledger = await openThrough(proxy.url)
    await recordAll(ledger, entriesOf(samples))
    expect(proxy.met['answer lost']).toBeGreaterThan(0)
    expect(proxy.met['never arrives']).toBeGreaterThan(0)
    await expectWhole(direct)
  })

  it('that ends and starts again under load records every certificate once', async () => {
    const url = await server.freshDatabase()
    await using ledger = await openAt({ kind: 'postgres', url })
    await ledger.createOrder(sampleOrder({ quantity: certificates }))
    const entries = entriesOf(samples)
    const third = Math.ceil(certificates / 3)
    for (let start = 0; start < certificates; start += third) {
      let up = Promise.resolve()
      const load = recordAll(ledger, entries.slice(start, start + third), () => up)
      up = server.halt().then(() => server.start())
      await Promise.all([load, up])
    }
    await expectWhole(ledger)
  })

  it('that counts again what it did not hear of is found out by the same checks', async () => {
    const url = await server.freshDatabase()
    await using direct = await openRaw({ kind: 'postgres', url })
    await sql`create table naive (used integer not null)`.execute(direct.database.kysely)
    await sql`insert into naive (used) values (0)`.execute(direct.database.kysely)
    await using proxy = await startPostgresProxy(url, fates())
    await using through = await openRaw({ kind: 'postgres', url: proxy.url })
    const count = (): Promise<unknown> =>
      through.database.kysely
        .transaction()
        .execute((tx) => sql`update naive set used = used + 1`.execute(tx))
    for (let done = 0; done < 40; done++) await patiently(count)
    const { rows } = await sql<{ used: number }>`select used from naive`.execute(
      direct.database.kysely,
    )
    expect(rows[0]?.used).toBeGreaterThan(40)
  })

  it('with two connections for 200 callers answers all of them, or says that it is busy', async () => {
    const url = await server.freshDatabase()
    await using ledger = await openAt({ kind: 'postgres', url, connections: 2 })
    await ledger.createOrder(sampleOrder({ quantity: 200 }))
    const settled = await Promise.allSettled(
      Array.from({ length: 200 }, async (_, at) => {
        const entry = entryAt(samples, at)
        const prospect = await ledger.prospect(entry)
        if (prospect.order?.orderId !== 'order-1') throw new Error('the order is gone')
        return ledger.record(entry)
      }),
    )
    for (const one of settled) {
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'LEDGER_BUSY' })
    }
    const recorded = settled.filter(({ status }) => status === 'fulfilled').length
    expect(recorded).toBeGreaterThan(0)
    expect((await ledger.order('order-1'))?.certificatesUsed).toBe(recorded)
  })
})

describe('a PostgreSQL server with too many clients', () => {
  it('turns them away as its own trouble, and serves them later', async () => {
    const samples = new Samples('too many clients')
    await using server = await startPostgres(['fsync=off', 'max_connections=8'])
    const url = await server.freshDatabase()
    await using first = await openAt({ kind: 'postgres', url })
    await first.createOrder(sampleOrder({ quantity: certificates }))
    await using second = await openAt({ kind: 'postgres', url })
    const [mine, theirs] = [entriesOf(samples), entriesOf(samples)]
    const refused: unknown[] = []
    // Reads of one process take a connection each, and the server has few.
    const reads = Array.from({ length: 40 }, (_, at) =>
      (at % 2 === 0 ? first : second).orders().catch((error: unknown) => refused.push(error)),
    )
    await Promise.all(reads)
    expect(refused.length).toBeGreaterThan(0)
    for (const error of refused) {
      expect(error).toMatchObject({ code: 'LEDGER_UNAVAILABLE', fault: 'infrastructure' })
    }
    await Promise.all([
      recordAll(first, mine.slice(0, 20)),
      recordAll(second, theirs.slice(20, 40)),
    ])
    expect((await first.order('order-1'))?.certificatesUsed).toBe(40)
  })
})

/** The schema is brought forward before connections break. */
async function openThrough(url: string): Promise<Ledger> {
  for (let tries = 1; ; tries++) {
    try {
      return await openAt({ kind: 'postgres', url })
    } catch (error) {
      if (tries === mostTries || !isRetryable(error)) throw error
    }
  }
}

function entryAt(samples: Samples, at: number): IssuanceEntry {
  return samples.entry(`far-${at}`, {
    stationId: 'line-1',
    identity: { serialNumber: `FAR-${at}`, boardUid: samples.boardUid() },
  })
}

function entriesOf(samples: Samples): readonly IssuanceEntry[] {
  return Array.from({ length: certificates }, (_, at) => entryAt(samples, at))
}

/** Each caller asks again with the same entry until it has its answer, which must be its own certificate. */
async function recordAll(
  ledger: Ledger,
  entries: readonly IssuanceEntry[],
  serverIsUp: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const waiting = [...entries]
  await Promise.all(
    Array.from({ length: callers }, async () => {
      for (let entry = waiting.pop(); entry !== undefined; entry = waiting.pop()) {
        const mine = entry
        const { certificate } = await patiently(() => ledger.record(mine), serverIsUp)
        expect(certificate).toEqual(mine.certificate)
      }
    }),
  )
}

async function patiently<T>(
  work: () => Promise<T>,
  serverIsUp: () => Promise<void> = () => Promise.resolve(),
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (tries === mostTries) throw error
      await serverIsUp()
    }
  }
}

/** P2 and P5: as many certificates, quota units and audit records as there were requests, in one whole chain. */
async function expectWhole(ledger: Ledger): Promise<void> {
  expect(await ledger.order('order-1')).toMatchObject({ certificatesUsed: certificates })
  const units = await ledger.unitsOf('order-1')
  expect(units.map((unit) => unit.certificates.length)).toEqual(units.map(() => 1))
  expect(units).toHaveLength(certificates)
  const lines: string[] = []
  const head = await ledger.exportAudit((line) => void lines.push(line))
  expect((await verifyAuditExport(lines, [head])).findings).toEqual([])
  expect(lines).toHaveLength(certificates + 1)
}
