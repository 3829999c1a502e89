import type { Finding } from '@keyline/bytes'
import { EatError, eatErrorTable, type EatErrorCode } from './errors.ts'

/** One reason against a message: its code is the rule. */
export interface EatFinding extends Finding {
  readonly rule: EatErrorCode
  /** Octet of the message where the item begins; nothing when an item is not there. */
  readonly offset: number | undefined
  /** Of the software component, from 0. */
  readonly index?: number | undefined
}

export interface FindingInput {
  /** Claim or header parameter by its name, `envelope` for the whole. */
  readonly field: string
  /** Excerpt of what stands there; empty when nothing does. */
  readonly value?: string | undefined
  readonly message: string
  readonly offset?: number | undefined
  readonly index?: number | undefined
}

export function finding(rule: EatErrorCode, input: FindingInput): EatFinding {
  const { field, value = '', message, offset, index } = input
  return {
    rule,
    severity: 'error',
    field,
    value,
    message,
    remedy: eatErrorTable[rule].remedy,
    offset,
    index,
  }
}

/** The refusal that a finding stands for. */
export function refusalOf(found: EatFinding): EatError {
  const { rule, field, value, message, offset, index } = found
  const what = value === '' ? field : `${field} is ${value}`
  const place = offset === undefined ? '' : `, at octet ${offset}`
  return new EatError(rule, `${what}: ${message}${place}`, {
    details: {
      field,
      ...(offset !== undefined && { offset }),
      ...(index !== undefined && { index }),
    },
  })
}

/** @throws EatError of the first finding, which is the primary one */
export function throwFirst(findings: readonly EatFinding[]): void {
  const [first] = findings
  if (first !== undefined) throw refusalOf(first)
}
