import { importDirection } from './import-direction.ts'
import { licences } from './licences.ts'
import { sourceRules } from './source-rules.ts'
import type { HouseCheck } from './violation.ts'

/** The checks that read the tree, in the order in which they are run. */
export const houseChecks: readonly HouseCheck[] = [importDirection, sourceRules, licences]
