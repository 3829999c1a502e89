import { equalOctets, toHex } from '@keyline/bytes'
import type { VectorReader } from './vector-reader.ts'

/** One test of a group: what Keyline made of it. `accepted` with the octets it gave, or `refused`. */
export type Trial = (group: VectorReader, test: VectorReader) => string | Promise<string>

export interface Algorithm {
  /** As `describeAlgorithm` names it. */
  readonly name: string
  readonly trial: Trial
  /** Every flag that the file may carry: one that is not known here may change what a result means. */
  readonly flags: readonly string[]
  /** What is made of a test that the standard leaves open, by its flags. */
  readonly acceptable?: (flags: readonly string[]) => 'accepted' | 'refused'
}

export const ecdsaFlags = [
  'ArithmeticError',
  'EdgeCasePublicKey',
  'EdgeCaseShamirMultiplication',
  'GroupIsomorphism',
  'IntegerOverflow',
  'InvalidSignature',
  'ModifiedInteger',
  'ModularInverse',
  'PointDuplication',
  'RangeCheck',
  'SmallRandS',
  'SpecialCaseHash',
  'Untruncatedhash',
  'ValidSignature',
]

export function acceptedIf(isAccepted: boolean): string {
  return isAccepted ? 'accepted' : 'refused'
}

/** Nothing when the two are equal, else what stood there instead. */
export function sameOctets(actual: Uint8Array, expected: Uint8Array): string | undefined {
  return equalOctets(actual, expected)
    ? undefined
    : `${toHex(actual)} instead of ${toHex(expected)}`
}
