import { KeylineError, type ErrorOptionsOf, type ErrorTable } from './error.ts'

/** Errors of the byte layer: every decoder above it refuses its input with one of these or with its own. */
export const bytesErrorTable = {
  BYTES_CUT: {
    fault: 'caller',
    meaning: 'The input ends before the value that was announced.',
    remedy: 'pass the whole input; it was cut on the way',
  },
  BYTES_EMPTY: {
    fault: 'caller',
    meaning: 'There is no input at all.',
    remedy: 'pass the input; nothing arrived',
  },
  BYTES_TRAILING: {
    fault: 'caller',
    meaning: 'Octets stand behind the end of the value.',
    remedy: 'pass exactly one value',
  },
  BYTES_RANGE: {
    fault: 'caller',
    meaning: 'A value does not fit its field.',
    remedy: 'use a value inside the range that the message names',
  },
  BYTES_TEXT: {
    fault: 'caller',
    meaning: 'A text is not in its encoding (hexadecimal, base64, Base38, UTF-8).',
    remedy: 'correct the text at the place that the message names',
  },
  CANONICAL_JSON: {
    fault: 'caller',
    meaning: 'A value has no canonical JSON form (RFC 8785), or a document has a member twice.',
    remedy: 'use plain JSON values, safe integers, valid Unicode, each member once',
  },
  DEADLINE_PASSED: {
    fault: 'infrastructure',
    meaning: 'A wait ended at its deadline.',
    remedy: 'check the part that the message names and run again',
    retryable: true,
  },
  INTERRUPTED: {
    fault: 'operator',
    meaning: 'The work was interrupted on request.',
    remedy: 'run the same command with --resume',
    retryable: true,
  },
} as const satisfies ErrorTable

export type BytesErrorCode = keyof typeof bytesErrorTable

export class BytesError extends KeylineError<BytesErrorCode> {
  constructor(code: BytesErrorCode, message: string, options?: ErrorOptionsOf) {
    super(bytesErrorTable, code, message, options)
  }
}
