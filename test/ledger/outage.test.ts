import { chown, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseError } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isBoardAtFault, isRetryable } from '@keyline/bytes'
import { networkShare } from '../../packages/ledger/src/database/sqlite.ts'
import { startPostgres } from '../support/postgres.ts'
import { openAt, openRaw } from './support/databases.ts'
import { sampleOrder, Samples, verdict } from './support/sample.ts'
import { mountSmallDisk } from './support/small-disk.ts'

const unavailable = { code: 'LEDGER_UNAVAILABLE', fault: 'infrastructure', retryable: true }

describe('a PostgreSQL server that goes away', () => {
  it('is named as infrastructure by every call, and never as a board', async () => {
    const samples = new Samples('outage')
    await using server = await startPostgres()
    await using ledger = await openAt({ kind: 'postgres', url: await server.freshDatabase() })
    await ledger.createOrder(sampleOrder())
    const reserved = await ledger.reserve('order-1', samples.draw)
    const unit = reserved?.unit.id ?? ''
    await server.stop()
    const calls: readonly (() => Promise<unknown>)[] = [
      () => ledger.decide(unit, verdict('PASS')),
      () => ledger.record(samples.entry(unit)),
      () => ledger.reserve('order-1', samples.draw),
      () => ledger.bind(unit, samples.boardUid()),
      () => ledger.head(),
      () => ledger.exportAudit(() => undefined),
    ]
    for (const call of calls) {
      const error: unknown = await call().catch((refusal: unknown) => refusal)
      expect(error).toMatchObject(unavailable)
      expect(isRetryable(error)).toBe(true)
      expect(isBoardAtFault(error)).toBe(false)
    }
  })

  it('is named without its password when nobody listens', async () => {
    const url = 'postgres://someone:open-sesame@127.0.0.1:1/keyline'
    const error: unknown = await openAt({ kind: 'postgres', url }).catch(
      (refusal: unknown) => refusal,
    )
    expect(error).toMatchObject(unavailable)
    expect(String(error)).toContain('127.0.0.1:1/keyline')
    expect(String(error)).not.toContain('open-sesame')
  })
})

describe('a SQLite file that cannot be used', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyline-outage-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('is refused at the door: no folder, a folder in its place', async () => {
    await mkdir(join(folder, 'folder.db'))
    for (const name of ['nowhere/ledger.db', 'folder.db']) {
      await expect(openAt({ kind: 'sqlite', file: join(folder, name) })).rejects.toMatchObject({
        ...unavailable,
        message: expect.stringContaining(name),
      })
    }
  })

  it('is refused at the door on a disk that cannot be written, old or new', async () => {
    using disk = mountSmallDisk(8)
    const file = join(disk.folder, 'ledger.db')
    {
      await using ledger = await openAt({ kind: 'sqlite', file })
      await ledger.createOrder(sampleOrder())
    }
    disk.makeReadOnly()
    for (const name of [file, join(disk.folder, 'new.db')]) {
      await expect(openAt({ kind: 'sqlite', file: name })).rejects.toMatchObject({
        ...unavailable,
        message: expect.stringMatching(/\.db: EROFS: read-only file system/),
      })
    }
  })

  it('is refused at the door when it belongs to another user', async () => {
    const file = join(folder, 'foreign.db')
    {
      await using ledger = await openAt({ kind: 'sqlite', file })
      await ledger.createOrder(sampleOrder())
    }
    await chown(file, 12_345, 12_345)
    await expect(openAt({ kind: 'sqlite', file })).rejects.toMatchObject({
      ...unavailable,
      message: expect.stringContaining('belongs to user 12345'),
      remedy: 'run as the owner of the file',
    })
  })

  it.each([
    [0x6969, 'NFS'],
    [0xff534d42, 'CIFS'],
    [0xfe534d42, 'SMB2'],
    [0xef53, undefined],
    [0x01021994, undefined],
  ])('is on a network share when statfs says 0x%x: %s', (type, share) => {
    expect(networkShare(type)).toBe(share)
  })

  it('is refused at the door when it is not a database', async () => {
    const file = join(folder, 'text.db')
    await writeFile(
      file,
      'this is not a database, and it is longer than a header of one\n'.repeat(99),
    )
    await expect(openAt({ kind: 'sqlite', file })).rejects.toMatchObject({ code: 'LEDGER_DAMAGED' })
  })

  it('belongs to its owner alone', async () => {
    const file = join(folder, 'owned.db')
    await using ledger = await openAt({ kind: 'sqlite', file })
    await ledger.createOrder(sampleOrder())
    for (const name of [file, `${file}-wal`]) expect((await stat(name)).mode & 0o777).toBe(0o600)
  })

  it('keeps a second process out for a moment only, then says that it is busy', async () => {
    const file = join(folder, 'busy.db')
    await using ledger = await openAt({ kind: 'sqlite', file })
    await ledger.createOrder(sampleOrder())
    await using other = await openRaw({ kind: 'sqlite', file })
    await other.database.kysely.transaction().execute(async () => {
      await expect(ledger.closeOrder('order-1')).rejects.toMatchObject({
        code: 'LEDGER_BUSY',
        retryable: true,
      })
    })
    await ledger.closeOrder('order-1')
  })
})

/** SQLSTATE by SQLSTATE, since no test can bring a server into all of these states. */
describe('an answer of a PostgreSQL server', () => {
  it.each([
    ['40001', 'busy'],
    ['40P01', 'busy'],
    ['55P03', 'busy'],
    ['57014', 'busy'],
    ['53100', 'full'],
    ['53300', 'unavailable'],
    ['57P01', 'unavailable'],
    ['08006', 'unavailable'],
    ['28P01', 'unavailable'],
    ['3D000', 'unavailable'],
    ['58030', 'unavailable'],
    ['XX001', 'damaged'],
    ['42P01', 'other'],
  ])('with SQLSTATE %s means %s', async (state, reason) => {
    await using raw = await openRaw({ kind: 'postgres', url: 'postgres://nobody@127.0.0.1:1/none' })
    const error = Object.assign(new DatabaseError('refused', 0, 'error'), { code: state })
    expect(raw.database.refusalOf(error)).toEqual({ reason })
  })
})
