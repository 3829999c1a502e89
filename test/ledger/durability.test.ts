import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  durabilityProblems,
  type DurabilitySettings,
} from '../../packages/ledger/src/database/durability.ts'
import { Client } from 'pg'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { openAt } from './support/databases.ts'

const good: DurabilitySettings = {
  fsync: 'on',
  fullPageWrites: 'on',
  synchronousCommit: 'on',
  synchronousStandbyNames: '',
  standbys: 0,
}
const replicated = { ...good, synchronousStandbyNames: 'ANY 1 (a, b)', standbys: 2 }

describe('the settings of PostgreSQL', () => {
  it.each<[what: string, settings: DurabilitySettings]>([
    ['a single server', good],
    ['a single server that waits for its own disk alone', { ...good, synchronousCommit: 'local' }],
    ['a synchronous standby', replicated],
    ['a standby that has applied', { ...replicated, synchronousCommit: 'remote_apply' }],
    ['a synchronous standby that is away', { ...replicated, standbys: 0 }],
  ])('are good for %s', (_what, settings) => {
    expect(durabilityProblems(settings)).toEqual([])
  })

  it.each<[setting: string, settings: DurabilitySettings]>([
    ['fsync', { ...good, fsync: 'off' }],
    ['full_page_writes', { ...good, fullPageWrites: 'off' }],
    ['synchronous_commit', { ...good, synchronousCommit: 'off' }],
    ['synchronous_commit', { ...replicated, synchronousCommit: 'off' }],
    ['synchronous_commit', { ...replicated, synchronousCommit: 'local' }],
    ['synchronous_commit', { ...replicated, synchronousCommit: 'remote_write' }],
    ['synchronous_standby_names', { ...replicated, synchronousStandbyNames: '' }],
  ])('are refused for %s', (setting, settings) => {
    const problems = durabilityProblems(settings)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(new RegExp(`^${setting} is `))
  })
})

describe('a real server under policy production (STO-9)', () => {
  let server: TestPostgres
  let url = ''
  beforeAll(async () => {
    server = await startPostgres(['fsync=on', 'wal_level=replica'])
    url = await server.freshDatabase()
  })
  afterAll(() => server.stop())

  const change = async (...statements: readonly string[]): Promise<void> => {
    const client = new Client({ connectionString: url })
    await client.connect()
    try {
      for (const statement of statements) await client.query(statement)
    } finally {
      await client.end()
    }
  }
  const open = async (): Promise<unknown> => {
    try {
      await using ledger = await openAt({ kind: 'postgres', url }, { policy: 'production' })
      await ledger.ping()
      return undefined
    } catch (error) {
      return error
    }
  }

  it('is used as it comes', async () => {
    expect(await open()).toBeUndefined()
  })

  it('is refused while a standby is fed that nobody waits for', async () => {
    await change(`select pg_create_physical_replication_slot('standby')`)
    expect(await open()).toMatchObject({
      code: 'LEDGER_DURABILITY',
      message: expect.stringContaining('synchronous_standby_names is empty with 1 standbys'),
    })
    await change(`select pg_drop_replication_slot('standby')`)
    expect(await open()).toBeUndefined()
  })

  it('is asked for what it does, not for what its files say', async () => {
    // The session of the ledger asks for a synchronous commit by itself, whatever the default of the server is.
    await change('alter system set synchronous_commit = off', 'select pg_reload_conf()')
    expect(await open()).toBeUndefined()
    await change('alter system set full_page_writes = off', 'select pg_reload_conf()')
    await expect.poll(open).toMatchObject({
      code: 'LEDGER_DURABILITY',
      message: expect.stringContaining('full_page_writes is off'),
    })
  })
})
