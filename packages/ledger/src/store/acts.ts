import type { Kysely } from 'kysely'
import type { Tables } from '../database/schema.ts'
import type { Act } from './act.ts'

/** How a part of the ledger acts and reads: as the ledger itself does, while that is open. */
export interface Acts {
  readonly act: <T>(work: (act: Act) => Promise<T>) => Promise<T>
  readonly read: <T>(work: (db: Kysely<Tables>) => Promise<T>) => Promise<T>
  /** Wall time, milliseconds since 1970. */
  readonly now: () => number
}
