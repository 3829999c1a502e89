import { StsafeError } from '../errors.ts'
import {
  keyLengthRange,
  keyModeTable,
  maxCounterOffset,
  type KeyModeRule,
} from '../layout/key-mode.ts'
import { keyLengthOf, type KeyAttributes, type KeyModeName } from '../layout/symmetric-key.ts'
import { requireRange } from './context.ts'

/**
 * Type, usages and parameters have to fit the mode (section 3.9.5).
 * @throws StsafeError `STSAFE_ARGUMENT` with what is allowed
 */
export function requireAttributes(attributes: KeyAttributes): void {
  const { mode, type, usage } = attributes
  const rule: KeyModeRule = keyModeTable[mode]
  requireOneOf(`the type of a key of mode ${mode}`, type, rule.types)
  for (const one of usage) requireOneOf(`a usage of a key of mode ${mode}`, one, rule.usages)
  if ('tagLength' in attributes) requireTagLength(mode, attributes.tagLength)
  if ('minMacLength' in attributes && rule.minMacLength !== undefined) {
    requireRange('the shortest MAC', attributes.minMacLength, ...rule.minMacLength)
  }
  if ('counterOffset' in attributes && attributes.counterOffset !== undefined) {
    requireRange('the offset of the counter', attributes.counterOffset, 0, maxCounterOffset)
  }
  const { least, most } = keyLengthRange
  requireRange('the length of the key', keyLengthOf(attributes), least, most)
}

/** @throws StsafeError `STSAFE_ARGUMENT` for a tag that the mode does not define */
export function requireTagLength(mode: KeyModeName, length: number): void {
  const rule: KeyModeRule = keyModeTable[mode]
  requireOneOf(`the length of a tag of ${mode}`, length, rule.tagLengths ?? [])
}

function requireOneOf<T extends string | number>(
  what: string,
  value: T,
  allowed: readonly T[],
): void {
  if (allowed.includes(value)) return
  const message = `${what} is ${value}, but must be ${allowed.join(' or ')}`
  throw new StsafeError('STSAFE_ARGUMENT', message)
}
