import { sql, type Kysely } from 'kysely'
import { LedgerError } from '../errors.ts'
import type { Tables } from './schema.ts'

/** Settings of PostgreSQL that decide whether what was acknowledged outlives a power cut and a fail-over. */
export interface DurabilitySettings {
  readonly fsync: string
  readonly fullPageWrites: string
  readonly synchronousCommit: string
  readonly synchronousStandbyNames: string
  /** Standbys that stream, or have a slot kept for them. */
  readonly standbys: number
}

/** The settings that are wrong, and what they must be; none is good. */
export function durabilityProblems(settings: DurabilitySettings): readonly string[] {
  const { fsync, fullPageWrites, synchronousCommit, synchronousStandbyNames, standbys } = settings
  const problems: string[] = []
  if (fsync !== 'on') problems.push(`fsync is ${fsync}, must be on`)
  if (fullPageWrites !== 'on') problems.push(`full_page_writes is ${fullPageWrites}, must be on`)
  const hasStandbys = standbys > 0 || synchronousStandbyNames !== ''
  if (hasStandbys && synchronousStandbyNames === '') {
    problems.push(
      `synchronous_standby_names is empty with ${standbys} standbys: a fail-over would lose what was acknowledged`,
    )
  }
  const good = hasStandbys
    ? ['on', 'remote_apply']
    : ['on', 'remote_apply', 'remote_write', 'local']
  if (!good.includes(synchronousCommit)) {
    problems.push(`synchronous_commit is ${synchronousCommit}, must be ${good.join(' or ')}`)
  }
  return problems
}

/** @throws LedgerError `LEDGER_DURABILITY` */
export async function checkDurability(db: Kysely<Tables>, place: string): Promise<void> {
  const problems = durabilityProblems(await readSettings(db))
  if (problems.length === 0) return
  throw new LedgerError('LEDGER_DURABILITY', `${place}: ${problems.join('; ')}`)
}

async function readSettings(db: Kysely<Tables>): Promise<DurabilitySettings> {
  const { rows } = await sql<DurabilitySettings>`
    select current_setting('fsync') as fsync,
      current_setting('full_page_writes') as "fullPageWrites",
      current_setting('synchronous_commit') as "synchronousCommit",
      current_setting('synchronous_standby_names') as "synchronousStandbyNames",
      (select count(*) from pg_replication_slots where slot_type = 'physical')
        + (select count(*) from pg_stat_replication) as standbys`.execute(db)
  const [row] = rows
  if (row === undefined) throw new LedgerError('LEDGER_DATABASE', 'PostgreSQL has no settings')
  return row
}
