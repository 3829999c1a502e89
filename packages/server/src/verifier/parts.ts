import type { Clock, Random } from '@keyline/bytes'
import type { ServerLog } from '../observe/log.ts'
import type { VerifierRecord } from './port.ts'
import type { VerifierSettings } from './settings.ts'

/** What the service stands on. */
export interface VerifierParts {
  readonly record: VerifierRecord
  readonly clock: Clock
  readonly random: Random
  readonly log: ServerLog
  readonly settings: VerifierSettings
}
