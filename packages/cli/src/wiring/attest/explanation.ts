import { describeFinding, type JsonValue } from '@keyline/bytes'
import type { EatFinding } from '@keyline/eat'

/** What a message says, for people and for `--json`. */
export interface Explanation {
  readonly what: string
  /** Nothing is wrong with its form. */
  readonly isSound: boolean
  readonly text: string
  readonly document: Readonly<Record<string, JsonValue>>
}

/** One line: code, claim, what is wrong, at which octet, and the way out. */
export function findingText(finding: EatFinding): string {
  const { offset, message } = finding
  const isPlaced = offset === undefined || message.includes('at octet ')
  const place = isPlaced ? '' : `, at octet ${offset}`
  return `${describeFinding({ ...finding, message: `${message.replace(/\.$/, '')}${place}` })}\n`
}

export function findingDocument(finding: EatFinding): JsonValue {
  const { rule, severity, field, value, message, remedy, offset, index } = finding
  return {
    rule,
    severity,
    field,
    value,
    message,
    remedy,
    offset: offset ?? null,
    ...(index !== undefined && { index }),
  }
}
