import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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
})
