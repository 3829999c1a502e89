import { isCborInteger, type CborValue } from '../cbor/value.ts'
import type { EatErrorCode } from '../errors.ts'
import type { ClaimEntry, ClaimForm } from './claim.ts'

/** Why the value of a claim is refused. */
export interface Problem {
  readonly rule: EatErrorCode
  readonly message: string
}

/** What is wrong with the value of a claim; nothing when it is as declared. */
export function problemOf(
  { isMandatory, form }: Pick<ClaimEntry<string>, 'isMandatory' | 'form'>,
  value: CborValue | undefined,
): Problem | undefined {
  if (value !== undefined) return formProblem(form, value)
  return isMandatory
    ? { rule: 'E_CLAIM_MISSING', message: `is missing; it ${form.rule}` }
    : undefined
}

function formProblem(form: ClaimForm, value: CborValue): Problem | undefined {
  const message = form.rule
  switch (form.type) {
    case 'octets':
      if (!(value instanceof Uint8Array)) return wrongType('a byte string')
      if (!form.isLength(value.length)) {
        return { rule: 'E_CLAIM_SIZE', message: `has ${value.length} octets and ${message}` }
      }
      if (form.first === undefined || value[0] === form.first) return undefined
      return { rule: 'E_CLAIM_VALUE', message }
    case 'text':
      if (typeof value !== 'string') return wrongType('a text')
      return form.isAllowed(value) ? undefined : { rule: 'E_CLAIM_VALUE', message }
    case 'integer':
      if (!isCborInteger(value) || (form.isUnsigned && value < 0)) {
        return wrongType(form.isUnsigned ? 'an unsigned integer' : 'an integer')
      }
      if (typeof value === 'number' && form.isAllowed(value)) return undefined
      return { rule: 'E_CLAIM_VALUE', message }
    default:
      return form satisfies never
  }
}

function wrongType(wanted: string): Problem {
  return { rule: 'E_CLAIM_TYPE', message: `must be ${wanted}` }
}
