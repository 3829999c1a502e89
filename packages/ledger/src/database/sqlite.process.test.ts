import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { read, transact } from './database.ts'
import { migrate } from './migrate.ts'
import { openSqlite } from './sqlite.ts'
import { loadSqlite, type OpenSqlite, type SqliteHandle } from './sqlite-driver.ts'

describe('SQLite under the ledger', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyline-sqlite-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('writes ahead, syncs each commit and checks foreign keys', async () => {
    const seen: SqliteHandle[] = []
    const open = await loadSqlite()
    const database = await openSqlite(join(folder, 'settings.db'), (file, timeout) => {
      const handle = open(file, timeout)
      seen.push(handle)
      return handle
    })
    const valueOf = (text: string) => Object.values(Object(seen[0]?.prepare(text).all([])[0]))[0]
    expect(valueOf('pragma journal_mode')).toBe('wal')
    expect(valueOf('pragma synchronous')).toBe(2)
    expect(valueOf('pragma foreign_keys')).toBe(1)
    expect(valueOf('pragma busy_timeout')).toBe(200)
    await database.kysely.destroy()
  })

  it('serves waiting transactions in order, one at a time', async () => {
    const database = await openSqlite(join(folder, 'order.db'), await loadSqlite())
    await migrate(database, 0)
    const order: number[] = []
    await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        transact(database, async (tx) => {
          order.push(index)
          await tx.selectFrom('ledger_head').selectAll().execute()
          order.push(index)
        }),
      ),
    )
    expect(order).toEqual(Array.from({ length: 200 }, (_, place) => Math.floor(place / 2)))
    await database.kysely.destroy()
  })

  it('does no more work after a failed sync: only opening anew knows what the disk has', async () => {
    const faults = { armed: false, statements: 0 }
    const database = await openSqlite(
      join(folder, 'fault.db'),
      failingAtCommit(await loadSqlite(), faults),
    )
    await migrate(database, 0)
    faults.armed = true
    const write = () =>
      transact(database, (tx) => tx.updateTable('ledger_head').set({ audit_seq: 7 }).execute())
    await expect(write()).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' })
    faults.armed = false
    const { statements } = faults
    await expect(write()).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' })
    await expect(
      read(database, (db) => db.selectFrom('ledger_head').selectAll().execute()),
    ).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' })
    expect(faults.statements).toBe(statements)
    await database.kysely.destroy()
    const again = await openSqlite(join(folder, 'fault.db'))
    const rows = await read(again, (db) =>
      db.selectFrom('ledger_head').select('audit_seq').execute(),
    )
    expect(rows.map((row) => row.audit_seq)).toEqual([0])
    await again.kysely.destroy()
  })
})

function failingAtCommit(
  open: OpenSqlite,
  faults: { armed: boolean; statements: number },
): OpenSqlite {
  return (file, timeout) => {
    const handle = open(file, timeout)
    return {
      prepare(text) {
        const statement = handle.prepare(text)
        const fault = (): void => {
          if (text !== 'rollback') faults.statements++
          if (!faults.armed || text !== 'commit') return
          throw Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_FSYNC' })
        }
        return {
          reader: statement.reader,
          all: (parameters) => {
            fault()
            return statement.all(parameters)
          },
          run: (parameters) => {
            fault()
            return statement.run(parameters)
          },
        }
      },
      close: () => handle.close(),
    }
  }
}
