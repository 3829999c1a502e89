import { sql } from 'kysely'
import { LedgerError } from '../errors.ts'
import { transact, type Database } from './database.ts'
import { migrations, type Migration } from './migrations.ts'

/**
 * Brings the schema forward in one transaction. Returns the version it found, 0 for an empty database.
 * @throws LedgerError `LEDGER_SCHEMA` when the database is newer than this code
 */
export async function migrate(
  database: Database,
  now: number,
  steps: readonly Migration[] = migrations,
): Promise<number> {
  return transact(database, async (transaction) => {
    await database.lockSchema(transaction)
    const { integer, table } = database.types
    await sql
      .raw(
        `create table if not exists schema_version (
          version ${integer} not null,
          applied_at ${integer} not null,
          constraint schema_version_pkey primary key (version)
        ) ${table}`,
      )
      .execute(transaction)
    const row = await transaction
      .selectFrom('schema_version')
      .select((eb) => eb.fn.max('version').as('version'))
      .executeTakeFirst()
    const found = row?.version ?? 0
    const newest = steps.at(-1)?.version ?? 0
    if (found > newest) {
      throw new LedgerError(
        'LEDGER_SCHEMA',
        `${database.place} has schema ${found}, this Keyline knows schemas up to ${newest}`,
      )
    }
    for (const step of steps) {
      if (step.version <= found) continue
      for (const statement of step.statements(database.types)) {
        await sql.raw(statement).execute(transaction)
      }
      await transaction
        .insertInto('schema_version')
        .values({ version: step.version, applied_at: now })
        .execute()
    }
    return found
  })
}
