import { describe, expect, it } from 'vitest'
import { loadSqlite } from './sqlite-driver.ts'
import { sqliteCodeOf } from './sqlite-dialect.ts'

describe('the SQLite driver of this machine', () => {
  it('opens a database, tells rows from changes, and keeps octets', async () => {
    const open = await loadSqlite()
    const db = open(':memory:', 100)
    db.prepare('create table t (a integer, b blob, c text) strict').run([])
    const insert = db.prepare('insert into t values (?, ?, ?)')
    expect(insert.reader).toBe(false)
    expect(insert.run([2 ** 45, Uint8Array.of(1, 2), null])).toBe(1)
    const select = db.prepare('select * from t where a = ?')
    expect(select.reader).toBe(true)
    const [row] = select.all([2 ** 45])
    expect(row).toMatchObject({ a: 2 ** 45, c: null })
    expect(db.prepare('update t set a = 1 returning a').reader).toBe(true)
    db.close()
  })

  it('names its refusals by the same codes, whichever driver it is', async () => {
    const open = await loadSqlite()
    const db = open(':memory:', 100)
    db.prepare('create table t (a integer primary key) strict').run([])
    db.prepare('insert into t values (1)').run([])
    const codeOf = (text: string) => {
      try {
        db.prepare(text).run([])
      } catch (error) {
        return sqliteCodeOf(error)
      }
      return 'none'
    }
    expect(codeOf('insert into t values (1)')).toBe('SQLITE_CONSTRAINT')
    expect(codeOf('insert into t values (2)')).toBe('none')
    db.close()
    expect(() => open('/nowhere/at/all.db', 100)).toThrow()
  })
})

describe('the code of an error', () => {
  it.each([
    [{ code: 'SQLITE_BUSY_SNAPSHOT' }, 'SQLITE_BUSY'],
    [{ code: 'SQLITE_FULL' }, 'SQLITE_FULL'],
    [{ code: 'SQLITE_IOERR_FSYNC' }, 'SQLITE_IOERR'],
    [{ code: 'SQLITE_IOERR_SHMSIZE' }, 'SQLITE_FULL'],
    [{ code: 'ERR_SQLITE_ERROR', errcode: 5 }, 'SQLITE_BUSY'],
    [{ code: 'ERR_SQLITE_ERROR', errcode: 13 }, 'SQLITE_FULL'],
    [{ code: 'ERR_SQLITE_ERROR', errcode: 10 | (4 << 8) }, 'SQLITE_IOERR'],
    [{ code: 'ERR_SQLITE_ERROR', errcode: 10 | (19 << 8) }, 'SQLITE_FULL'],
    [{ code: 'ERR_SQLITE_ERROR', errcode: 19 | (8 << 8) }, 'SQLITE_CONSTRAINT'],
    [{ code: 'ENOENT' }, undefined],
    [{}, undefined],
  ])('%j is %s', (members, code) => {
    expect(sqliteCodeOf(Object.assign(new Error('refused'), members))).toBe(code)
  })
})
