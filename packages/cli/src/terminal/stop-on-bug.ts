import { describeError, isKeylineError } from '@keyline/bytes'
import { ExitCode } from '../exit-code.ts'

/**
 * An error that nobody has caught ends the process at once, with one line in place of a stack trace. Journal and
 * ledger are made for an end at any point; going on in an unknown state is what they cannot mend.
 */
export function stopOnBug(): void {
  process.on('uncaughtException', stop)
  process.on('unhandledRejection', stop)
}

/** One line for a person: what happened and what to do. Refused input has a line more for each finding. */
export function errorText(error: unknown): string {
  if (!isKeylineError(error)) {
    return `an error that should not happen: ${describeError(error)}. Remedy: report it with the command line`
  }
  if (error.code !== 'STATION_INPUT_REFUSED') return describeError(error)
  return `${error.code}: ${error.message.trimEnd()}\n  Remedy: ${error.remedy}`
}

function stop(error: unknown): never {
  process.stderr.write(`keyline: ${errorText(error)}\n`)
  process.exit(ExitCode.infrastructure)
}
