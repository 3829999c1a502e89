import { describeError, describeFinding, isKeylineError } from '@keyline/bytes'
import { RefusedInput } from '@keyline/station'
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
  if (error instanceof RefusedInput) return refusalText(error)
  if (isKeylineError(error)) return describeError(error)
  return `an error that should not happen: ${describeError(error)}. Remedy: report it with the command line`
}

function refusalText({ code, message, findings, remedy }: RefusedInput): string {
  const errors = findings.filter(({ severity }) => severity === 'error')
  const [heading = ''] = message.split('\n', 1)
  return [`${code}: ${heading}`, ...errors.map(describeFinding), `Remedy: ${remedy}`].join('\n  ')
}

function stop(error: unknown): never {
  process.stderr.write(`keyline: ${errorText(error)}\n`)
  process.exit(ExitCode.infrastructure)
}
