import type { Migration } from './migrations/migration.ts'
import { version1 } from './migrations/version-1.ts'
import { version2 } from './migrations/version-2.ts'
import { version3 } from './migrations/version-3.ts'
import { version4 } from './migrations/version-4.ts'
import { version5 } from './migrations/version-5.ts'
import { version6 } from './migrations/version-6.ts'

export type { ColumnTypes, Migration } from './migrations/migration.ts'

/** The way from an empty database to the newest schema, forward only. */
export const migrations: readonly Migration[] = [
  version1,
  version2,
  version3,
  version4,
  version5,
  version6,
]
