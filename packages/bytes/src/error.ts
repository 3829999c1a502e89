import { printable } from './printable.ts'

/** Who has to act. It decides the verdict of a board: only `board` and `chip` may ever become FAIL. */
export type Fault = 'caller' | 'board' | 'chip' | 'wire' | 'operator' | 'infrastructure' | 'bug'

/** All that is known of one error code. The documentation and `keyline explain` are made from these entries. */
export interface ErrorEntry {
  readonly fault: Fault
  readonly meaning: string
  readonly remedy: string
  /** True when the same call may succeed later without any change. */
  readonly retryable?: boolean
}

export type ErrorTable = Readonly<Record<string, ErrorEntry>>

/** Small facts beside the message. Never a secret. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null>>

export interface ErrorOptionsOf {
  readonly cause?: unknown
  readonly details?: ErrorDetails
  /** Replaces the remedy of the table where the place of the error knows a better one. */
  readonly remedy?: string
}

/**
 * Base of every error that leaves a package.
 * `code` is stable and documented; `message` names what happened; `remedy` says what to do next.
 */
export class KeylineError<Code extends string = string> extends Error {
  readonly code: Code
  readonly fault: Fault
  readonly remedy: string
  readonly retryable: boolean
  readonly details: ErrorDetails

  constructor(
    table: Readonly<Record<Code, ErrorEntry>>,
    code: Code,
    message: string,
    options: ErrorOptionsOf = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    const entry = table[code]
    this.name = new.target.name
    this.code = code
    this.fault = entry.fault
    this.remedy = options.remedy ?? entry.remedy
    this.retryable = entry.retryable ?? false
    this.details = options.details ?? {}
  }
}

export function isKeylineError(error: unknown): error is KeylineError {
  return error instanceof KeylineError
}

/** The device itself is bad: the only errors that lead to the verdict FAIL. */
export function isBoardAtFault(error: unknown): boolean {
  return isKeylineError(error) && (error.fault === 'board' || error.fault === 'chip')
}

export function isRetryable(error: unknown): boolean {
  return isKeylineError(error) && error.retryable
}

/** `CODE: message. Remedy: …` on one line, the form every command prints; control characters are escaped. */
export function describeError(error: unknown): string {
  return printable(textOf(error))
}

function textOf(error: unknown): string {
  if (isKeylineError(error)) {
    return `${error.code}: ${error.message.replace(/\.$/, '')}. Remedy: ${error.remedy}`
  }
  if (!(error instanceof Error)) return String(error)
  if (error.message !== '') return error.message
  return error instanceof AggregateError ? error.errors.map(textOf).join('; ') : error.name
}
