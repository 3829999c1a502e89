import type { EndorsementStore } from '@keyline/verifier'
import { CliError } from '../../errors.ts'

export interface TrustDatabaseOptions {
  /** `postgres://…`, or a SQLite file. */
  readonly database?: string | undefined
  readonly tenant: string
}

/** Lets the work have the endorsements of a database, or those in memory where none is asked for. @throws CliError `CLI_USAGE` */
export async function withTrustDatabase<T>(
  options: TrustDatabaseOptions | undefined,
  inMemory: (() => EndorsementStore) | undefined,
  work: (store: EndorsementStore) => Promise<T>,
): Promise<T> {
  if (options === undefined && inMemory !== undefined) return work(inMemory())
  const database = options?.database ?? process.env['KEYLINE_LEDGER'] ?? ''
  if (database === '') {
    throw new CliError('CLI_USAGE', 'no database is named', {
      remedy:
        'name it with --database: postgres://…, or the file of `keyline attest serve --database`',
    })
  }
  throw new CliError('CLI_USAGE', `${database} cannot be opened`)
}
