import { BytesError, isKeylineError } from '@keyline/bytes'
import type { RunSummary } from '@keyline/station'

/** The same in every command. */
export const ExitCode = {
  done: 0,
  /** A check failed, or a board is bad. */
  failed: 1,
  /** Wrong usage or input. */
  usage: 2,
  /** Trouble of the infrastructure; a board is ERROR or QUARANTINE. */
  infrastructure: 3,
  interrupted: 130,
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

export function exitCodeOfError(error: unknown): ExitCode {
  if (error instanceof BytesError && error.code === 'INTERRUPTED') return ExitCode.interrupted
  if (!isKeylineError(error)) return ExitCode.infrastructure
  switch (error.fault) {
    case 'caller':
      return ExitCode.usage
    case 'board':
    case 'chip':
      return ExitCode.failed
    case 'wire':
    case 'operator':
    case 'infrastructure':
    case 'bug':
      return ExitCode.infrastructure
    default:
      return error.fault satisfies never
  }
}

/** Any FAIL decides; else any ERROR or QUARANTINE, or units that still miss. */
export function exitCodeOfSummary(summary: RunSummary): ExitCode {
  if (summary.interrupted) return ExitCode.interrupted
  if (summary.fail > 0) return ExitCode.failed
  if (summary.error > 0 || summary.quarantine > 0 || summary.remaining > 0) {
    return ExitCode.infrastructure
  }
  return ExitCode.done
}
