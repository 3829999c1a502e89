import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import {
  isKeylineError,
  seededRandom,
  systemClock,
  systemRandom,
  uniformBelow,
} from '@keyline/bytes'
import { reconcileLedger, type Ledger } from '@keyline/ledger'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { scaled, testSeed } from '../support/scale.ts'
import { openAt } from './support/databases.ts'
import { sampleOrder, Samples, storeKey } from './support/sample.ts'

/** Two servers on one PostgreSQL, each with a checkpoint folder of its own. */
const servers = ['a', 'b'] as const
const quantity = 60

let server: TestPostgres
let folder = ''
beforeAll(async () => {
  server = await startPostgres()
  folder = await mkdtemp(join(tmpdir(), 'keyline-shared-'))
})
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

/** A copy of a database that nobody is connected to, under another name. */
async function copyOf(url: string, name: string): Promise<string> {
  const from = new URL(url).pathname.slice(1)
  const admin = new URL(url)
  admin.pathname = '/postgres'
  const client = new Client({ connectionString: admin.href })
  await client.connect()
  try {
    await client.query(`create database "${name}" template "${from}"`)
  } finally {
    await client.end()
  }
  const copy = new URL(url)
  copy.pathname = `/${name}`
  return copy.href
}

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work
    return undefined
  } catch (error) {
    if (isKeylineError(error)) return error.code
    throw error
  }
}

describe('a PostgreSQL that is restored from a backup of random age', () => {
  it('is refused by each of its servers, and gives nothing out twice after it is reconciled', async () => {
    for (let round = 0; round < scaled(3, 50); round++) {
      const random = seededRandom(`shared ${testSeed} ${round}`)
      const samples = new Samples(`shared ${round}`)
      const url = await server.freshDatabase()
      const place = (name: string): string => join(folder, `${round}-${name}`)
      const given: string[] = []
      const take = async (ledger: Ledger): Promise<void> => {
        const reserved = await ledger.reserve('order-1', samples.draw)
        if (reserved === undefined) return
        given.push(`number ${reserved.unit.serialNumber}`, `sequence ${reserved.unit.sequence}`)
        await ledger.record(samples.entry(reserved.unit.id))
        const [record] = await ledger.certificateRecords(reserved.unit.id)
        given.push(`quota ${record?.quotaNumber}`)
      }
      /** Both servers at once; the one that has nothing to do sees what the other does. */
      const work = async (at: string, acts: number): Promise<void> => {
        const location = { kind: 'postgres', url: at } as const
        await using a = await openAt(location, { checkpoints: { folder: place('a') } })
        await using b = await openAt(location, { checkpoints: { folder: place('b') } })
        await a.createOrder(sampleOrder({ quantity, certificateLimit: quantity }))
        for (let act = 0; act < acts; act++) await take(uniformBelow(random, 4) === 0 ? a : b)
        await Promise.all([a.checkpoints.observe(), b.checkpoints.observe()])
      }
      await work(url, uniformBelow(random, 6))
      const restored = await copyOf(url, `restored_${round}`)
      const database = { kind: 'postgres', url: restored } as const
      await work(url, 1 + uniformBelow(random, 6))
      for (const name of servers) {
        const opened = openAt(database, { checkpoints: { folder: place(name) } })
        expect(await codeOf(opened), name).toBe('LEDGER_RESTORED')
      }
      const options = {
        database,
        storeKey: storeKey(),
        clock: systemClock,
        random: systemRandom,
        actor: 'officer',
      }
      const half = reconcileLedger({ ...options, folders: [place('a')] })
      expect(await codeOf(half)).toBe('LEDGER_CHECKPOINT')
      const folders = servers.map(place)
      expect(await reconcileLedger({ ...options, folders })).toMatchObject({ wasRestored: true })
      const before = given.length
      await work(restored, 20)
      expect(given.length).toBeGreaterThan(before)
      expect(new Set(given).size).toBe(given.length)
      const quota = given.filter((item) => item.startsWith('quota'))
      expect(quota.length).toBeLessThanOrEqual(quantity)
    }
  })
})
