import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { LedgerLocation } from '@keyline/ledger'
import { migrate } from '../../packages/ledger/src/database/migrate.ts'
import { migrations, type Migration } from '../../packages/ledger/src/database/migrations.ts'
import { databaseKinds, openAt, openRaw, type RawDatabase } from './support/databases.ts'
import { sampleOrder, Samples } from './support/sample.ts'

const next = migrations.length + 1
const addColumn: Migration = {
  version: next,
  statements: ({ integer }) => [
    `alter table unit add column attempts ${integer} not null default 1`,
    `create table tried (unit_id text not null)`,
  ],
}

/** Columns that a later version added to a table of the first. */
const newer: Readonly<Record<string, number>> = {
  'unit.batch_id': 2,
  'unit.remote': 3,
  'work_order.paused': 3,
  'work_order.stations': 3,
  'work_order.opens_at': 3,
  'work_order.closes_at': 3,
  'work_order.issuer_key_id': 3,
  'certificate.station_id': 3,
  'unit.attempt': 5,
  'unit.scrapped_at': 5,
}

describe.each(databaseKinds)('the schema on $name', ({ create }) => {
  const databases = create()
  const samples = new Samples('migrations')
  let location: LedgerLocation

  beforeAll(() => databases.start())
  afterAll(() => databases.stop())
  beforeEach(async () => {
    location = await databases.fresh()
  })

  it('is numbered 1, 2, 3, … without gaps', () => {
    expect(migrations.map(({ version }) => version)).toEqual(
      migrations.map((_, index) => index + 1),
    )
  })

  it('comes forward from every version to the same newest one', async () => {
    const newest = await schemaAfter([migrations.length])
    expect(newest.length).toBeGreaterThan(50)
    for (let version = 0; version <= migrations.length; version++) {
      location = await databases.fresh()
      expect(await schemaAfter([version, migrations.length])).toEqual(newest)
    }
  })

  it('keeps what is recorded when it comes forward', async () => {
    const { unit } = await fill()
    {
      await using raw = await openRaw(location)
      expect(await migrate(raw.database, 1, [...migrations, addColumn])).toBe(migrations.length)
      const { rows } = await sql<{ id: string; attempts: number }>`
        select id, attempts from unit`.execute(raw.database.kysely)
      expect(rows.map(({ id, attempts }) => ({ id, attempts }))).toEqual([
        { id: unit.id, attempts: 1 },
      ])
      // A second time there is nothing to do.
      expect(await migrate(raw.database, 2, [...migrations, addColumn])).toBe(next)
    }
  })

  it('keeps certificates and what refuses their like, from each version on', async () => {
    const { unit } = await fill()
    const entry = samples.entry(unit.id)
    {
      await using ledger = await openAt(location)
      await ledger.record(entry)
    }
    const source = location
    for (let version = 1; version < migrations.length; version++) {
      location = await databases.fresh()
      await copyAtVersion(source, version)
      await using ledger = await openAt(location)
      expect(await ledger.certificateOf(unit.id)).toEqual(entry.certificate)
      const again = samples.entry(unit.id, { spkiSha256: entry.spkiSha256 })
      await expect(ledger.record(again)).rejects.toMatchObject({ code: 'LEDGER_KEY_TAKEN' })
      await ledger.record(samples.entry(unit.id))
      expect(await ledger.certificateRecords(unit.id)).toHaveLength(2)
      // An order that was begun keeps to its PAI.
      expect(await ledger.order('order-1')).toMatchObject({ issuerKeyId: entry.issuerKeyId })
    }
  })

  it('is refused when it is newer than the code, and stays untouched', async () => {
    await fill()
    {
      await using raw = await openRaw(location)
      await migrate(raw.database, 1, [...migrations, addColumn])
    }
    await expect(openAt(location)).rejects.toMatchObject({
      code: 'LEDGER_SCHEMA',
      message: expect.stringContaining(`schema ${next}`),
    })
    await using raw = await openRaw(location)
    expect(await versionOf(raw)).toBe(next)
  })

  it('stays at its version when a step fails', async () => {
    await fill()
    await using raw = await openRaw(location)
    const before = await describeSchema(raw)
    const broken: Migration = {
      version: next,
      statements: (types) => [
        ...addColumn.statements(types),
        'alter table nowhere add column x text',
      ],
    }
    await expect(migrate(raw.database, 1, [...migrations, broken])).rejects.toMatchObject({
      code: 'LEDGER_DATABASE',
    })
    expect(await describeSchema(raw)).toEqual(before)
    expect(await versionOf(raw)).toBe(migrations.length)
  })

  async function fill() {
    await using ledger = await openAt(location)
    await ledger.createOrder(sampleOrder())
    const reserved = await ledger.reserve('order-1', samples.draw)
    if (reserved === undefined) throw new Error('the order has no unit left')
    return reserved
  }

  /** Copies what is recorded into an empty database of an earlier version. */
  async function copyAtVersion(source: LedgerLocation, version: number): Promise<void> {
    await using from = await openRaw(source)
    await using to = await openRaw(location)
    await migrate(to.database, 1, migrations.slice(0, version))
    for (const table of ['work_order', 'serial_pool', 'unit', 'certificate', 'setting']) {
      const { rows } = await sql<
        Record<string, unknown>
      >`select * from ${sql.table(table)}`.execute(from.database.kysely)
      for (const whole of rows) {
        const row = Object.entries(whole).filter(
          ([name]) => (newer[`${table}.${name}`] ?? 1) <= version,
        )
        const columns = sql.join(row.map(([name]) => sql.ref(name)))
        const values = sql.join(row.map(([, value]) => value))
        await sql`insert into ${sql.table(table)} (${columns}) values (${values})`.execute(
          to.database.kysely,
        )
      }
    }
  }

  /** Brings an empty database to each version in turn, and describes what it has then. */
  async function schemaAfter(versions: readonly number[]): Promise<readonly string[]> {
    await using raw = await openRaw(location)
    for (const version of versions) {
      await migrate(raw.database, 1, migrations.slice(0, version))
    }
    return await describeSchema(raw)
  }
})

async function versionOf({ database }: RawDatabase): Promise<number | undefined> {
  const { rows } = await sql<{ version: number }>`
    select max(version) as version from schema_version`.execute(database.kysely)
  return rows[0]?.version
}

/** Every table, column, constraint and index that the database itself lists. */
async function describeSchema({ database }: RawDatabase): Promise<readonly string[]> {
  const query =
    database.types.octets === 'blob'
      ? sql<{ item: string }>`
          select m.sql as item from sqlite_master m where m.sql is not null
          union all
          select m.name || '.' || c.name || ' ' || c.type
          from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table'`
      : sql<{ item: string }>`
          select table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable as item
          from information_schema.columns where table_schema = 'public'
          union all
          select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
          from pg_constraint where connamespace = 'public'::regnamespace
          union all
          select indexdef from pg_indexes where schemaname = 'public'`
  const { rows } = await query.execute(database.kysely)
  return rows.map(({ item }) => item).toSorted()
}
