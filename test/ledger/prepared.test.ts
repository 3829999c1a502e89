import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { openAt } from './support/databases.ts'
import { sampleOrder, Samples } from './support/sample.ts'

let server: TestPostgres
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server[Symbol.asyncDispose]())

/** What another process does to the tables meanwhile. */
async function change(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new Client(url)
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

/** How often rows of certificates and units were found by a key, and how many were read to find others. */
async function rowsRead(url: string): Promise<{ readonly byKey: number; readonly inVain: number }> {
  const client = new Client(url)
  await client.connect()
  try {
    const { rows } = await client.query(`
      select sum(idx_scan)::integer as "byKey", sum(seq_tup_read)::integer as "inVain"
      from pg_stat_user_tables where relname in ('certificate', 'unit')`)
    return rows[0]
  } finally {
    await client.end()
  }
}

describe('statements that a connection keeps prepared', () => {
  it('are prepared anew when a table was changed beneath them', async () => {
    const samples = new Samples('prepared')
    const url = await server.freshDatabase()
    await using ledger = await openAt({ kind: 'postgres', url, connections: 1 })
    await ledger.createOrder(sampleOrder())
    const first = await ledger.reserve('order-1', samples.draw)
    const second = await ledger.reserve('order-1', samples.draw)
    const entry = samples.entry(second?.unit.id ?? '')
    await ledger.record(entry)
    await change(url, 'alter table certificate alter column request_hash type varchar(99)')
    expect(await ledger.record(entry)).toMatchObject({ replayed: true })
    expect(await ledger.record(samples.entry(first?.unit.id ?? ''))).toMatchObject({
      replayed: false,
    })
    expect(await ledger.order('order-1')).toMatchObject({ certificatesUsed: 2, unitsReserved: 2 })
  })

  it('ask for rows by their keys, however empty the tables were when they were planned', async () => {
    const samples = new Samples('planned')
    const url = await server.freshDatabase()
    {
      await using ledger = await openAt({ kind: 'postgres', url, connections: 1 })
      await ledger.createOrder(sampleOrder({ quantity: 160 }))
      for (let round = 0; round < 10; round++) {
        const entries = Array.from({ length: 16 }, (_, place) => ({
          ...samples.entry(`unit-${round}-${place}`),
          identity: { serialNumber: `KL-${round}-${place}` },
        }))
        await Promise.all(entries.map((entry) => ledger.prospect(entry)))
        await Promise.all(entries.map((entry) => ledger.record(entry)))
      }
    }
    // A connection tells its figures when it ends.
    const { inVain } = await vi.waitFor(
      async () => {
        const read = await rowsRead(url)
        expect(read.byKey).toBeGreaterThanOrEqual(160)
        return read
      },
      { timeout: 20_000 },
    )
    expect(inVain).toBe(0)
  })
})
