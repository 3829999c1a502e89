import { systemClock, toBase64, type Clock } from '@keyline/bytes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { member, type Call, type Reply } from './support/call.ts'
import { requestOf } from './support/request.ts'
import { startService } from './support/service.ts'

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres[Symbol.asyncDispose]())

async function dacCall(key: string): Promise<Call> {
  return {
    method: 'POST',
    path: '/v1/orders/O-1/dac',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({
      unit: `U-${key}`,
      serialNumber: `SN-${key}`,
      csr: toBase64(await requestOf()),
    }),
  }
}

const generous = { perSecond: 1e6, burst: 1e6 }

describe('servers on one PostgreSQL', () => {
  it('with two connections issue to a hundred callers at once, or tell them to come back, and never say no', async () => {
    const url = await postgres.freshDatabase()
    await using service = await startService({
      database: { kind: 'postgres', url, connections: 2 },
      admission: { running: 4, waiting: 8 },
      rates: { member: generous, anonymous: generous, total: generous },
    })
    const client = await service.member('s1', 'station')
    const calls = await Promise.all(Array.from({ length: 100 }, (_, index) => dacCall(`k${index}`)))
    let open: readonly Call[] = calls
    for (let round = 0; open.length > 0 && round < 100; round++) {
      const replies = await Promise.all(open.map((call) => client.call(call)))
      for (const { status, headers } of replies) {
        expect([200, 201, 503]).toContain(status)
        if (status === 503) expect(Number(headers['retry-after'])).toBeGreaterThan(0)
      }
      open = open.filter((_, index) => replies[index]?.status === 503)
    }
    expect((await service.ledger.order('O-1'))?.certificatesUsed).toBe(100)
    const beyond = await client.call(await dacCall('k100'))
    expect([beyond.status, member(beyond.text, 'code')]).toEqual([409, 'ISSUER_QUOTA_REACHED'])
  })

  it('share orders, members and answers: the same request gets the same octets from each', async () => {
    const url = await postgres.freshDatabase()
    const database = { kind: 'postgres', url, connections: 4 } as const
    let aheadMs = 0
    const clock: Clock = {
      ...systemClock,
      monotonicMs: () => systemClock.monotonicMs() + aheadMs,
    }
    await using one = await startService({ database, clock })
    await using two = await startService({ database, clock, beside: one })
    const credentials = await one.enrol('s1', 'station')
    const owner = await two.member('boss', 'owner')
    const [here, there] = [one.client(credentials), two.client(credentials)]

    const calls = await Promise.all(Array.from({ length: 8 }, (_, index) => dacCall(`k${index}`)))
    const both: readonly (readonly [Reply, Reply])[] = await Promise.all(
      calls.map((call) => Promise.all([here.call(call), there.call(call)])),
    )
    for (const [first, second] of both) {
      expect(new Set([first.status, second.status])).toEqual(new Set([200, 201]))
      expect(member(first.text, 'dac')).toBe(member(second.text, 'dac'))
    }
    expect((await two.ledger.order('O-1'))?.certificatesUsed).toBe(8)

    await owner.call({
      method: 'POST',
      path: '/v1/members/s1/block',
      headers: { 'content-type': 'application/json' },
      body: '{"reason":"stolen"}',
    })
    aheadMs = 2_000
    for (const client of [here, there]) {
      const refused = await client.call(await dacCall('late'))
      expect([refused.status, member(refused.text, 'code')]).toEqual([403, 'SERVER_MEMBER_BLOCKED'])
    }
  })
})
