import {
  checkAuthorityKeyIdentifier,
  checkBasicConstraints,
  checkDistributionPoint,
  checkFurtherExtensions,
  checkKeyUsage,
  checkNoFurtherExtension,
  checkSubjectKeyIdentifier,
} from './extension-checks.ts'
import {
  checkAlgorithms,
  checkIds,
  checkIssuer,
  checkKeyForm,
  checkOrderedKey,
  checkRootValidity,
  checkSerialNumber,
  checkSignature,
  checkSize,
  checkSubject,
  checkValidity,
  checkVersion,
} from './lint-checks.ts'
import type { LintCheck } from './lint-problem.ts'
import type { LintRule } from './lint-rules.ts'

/** Invariants of a role in the order of their numbers; the first number of each is the parser's. */
export type RoleChecks = readonly (readonly [LintRule, LintCheck])[]

const dacBegin: RoleChecks = [
  ['LINT-02', checkVersion],
  ['LINT-03', checkSerialNumber],
  ['LINT-04', checkAlgorithms],
  ['LINT-05', checkIssuer],
  ['LINT-06', checkSubject],
  ['LINT-07', checkIds],
  ['LINT-08', checkValidity],
  ['LINT-09', checkBasicConstraints],
  ['LINT-10', checkKeyUsage],
  ['LINT-11', checkSubjectKeyIdentifier],
  ['LINT-12', checkAuthorityKeyIdentifier],
]
const dacEnd: RoleChecks = [
  ['LINT-14', checkSize],
  ['LINT-15', checkSignature],
  ['LINT-16', checkOrderedKey],
]

/** A DAC of this issuer, which promises more than the profile demands. */
export const issuedDacChecks: RoleChecks = [
  ...dacBegin,
  ['LINT-13', checkNoFurtherExtension],
  ...dacEnd,
]

/** A DAC of any issuer. */
export const anyDacChecks: RoleChecks = [
  ...dacBegin,
  ...dacEnd,
  ['LINT-17', checkFurtherExtensions],
  ['LINT-18', checkDistributionPoint],
  ['LINT-19', checkRootValidity],
  ['LINT-20', checkKeyForm],
]

export const paiChecks: RoleChecks = [
  ['LINT-22', checkVersion],
  ['LINT-23', checkSerialNumber],
  ['LINT-24', checkAlgorithms],
  ['LINT-25', checkIssuer],
  ['LINT-26', checkSubject],
  ['LINT-27', checkIds],
  ['LINT-28', checkValidity],
  ['LINT-29', checkBasicConstraints],
  ['LINT-30', checkKeyUsage],
  ['LINT-31', checkSubjectKeyIdentifier],
  ['LINT-32', checkAuthorityKeyIdentifier],
  ['LINT-33', checkFurtherExtensions],
  ['LINT-34', checkSize],
  ['LINT-35', checkSignature],
  ['LINT-36', checkKeyForm],
  ['LINT-38', checkDistributionPoint],
]

export const paaChecks: RoleChecks = [
  ['LINT-42', checkVersion],
  ['LINT-43', checkSerialNumber],
  ['LINT-44', checkAlgorithms],
  ['LINT-45', checkIssuer],
  ['LINT-46', checkSubject],
  ['LINT-48', checkValidity],
  ['LINT-49', checkBasicConstraints],
  ['LINT-50', checkKeyUsage],
  ['LINT-51', checkSubjectKeyIdentifier],
  ['LINT-52', checkAuthorityKeyIdentifier],
  ['LINT-53', checkFurtherExtensions],
  ['LINT-54', checkSize],
  ['LINT-55', checkSignature],
  ['LINT-56', checkKeyForm],
  ['LINT-58', checkDistributionPoint],
]
