import { describeError, type JsonValue, type KeylineError } from '@keyline/bytes'

/** One line of a refusal: code, what is wrong and where, the way out. */
export function refusalText(error: KeylineError): string {
  return `${describeError(error)}\n`
}

/** The same as a finding for `--json`. */
export function refusalDocument(error: KeylineError): JsonValue {
  const { code, message, remedy, details } = error
  const { offset, field } = details
  return {
    rule: code,
    severity: 'error',
    field: typeof field === 'string' ? field : '',
    value: '',
    message,
    remedy,
    offset: typeof offset === 'number' ? offset : null,
  }
}
