import { equalOctets, isKeylineError, type Finding } from '@keyline/bytes'
import {
  extensionOf,
  Oid,
  parseCertificate,
  publicKeyOf,
  readBasicConstraints,
  type Certificate,
} from '@keyline/x509'
import { IssuerError } from '../errors.ts'
import { keyIdOf } from './extension-checks.ts'
import type { LintIssuer, LintOrder } from './lint-problem.ts'
import { anyDac, anyPaa, anyPai, type LintProfile, type LintRole } from './lint-profile.ts'
import { lintRules, type LintRule } from './lint-rules.ts'
import { anyDacChecks, paaChecks, paiChecks, type RoleChecks } from './role-checks.ts'
import { readSubjectIds } from './subject-ids.ts'

/** How a role is judged. */
export interface LintJudge {
  readonly profile: LintProfile
  readonly checks: RoleChecks
  /** The rule that octets break which are no certificate. */
  readonly unreadable: LintRule
}

export interface LintContext {
  readonly issuer: LintIssuer | undefined
  readonly root?: Certificate | undefined
  readonly ordered: LintOrder
}

export interface LintAnyDacInput extends LintOrder {
  /** X.509 DER. */
  readonly certificate: Uint8Array
  /** Without it, what concerns the issuer is not asked. */
  readonly pai?: Uint8Array | undefined
  readonly paa?: Uint8Array | undefined
}

export interface LintPaiInput {
  /** X.509 DER. */
  readonly certificate: Uint8Array
  /** Without it, what concerns the issuer is not asked. */
  readonly paa?: Uint8Array | undefined
}

/**
 * The lint of a device certificate of any issuer (matter 10): LINT-01 to LINT-20 but LINT-13.
 * @throws IssuerError `ISSUER_PAI_UNUSABLE` when PAI or PAA are no certificates on P-256
 */
export function lintAnyDac(input: LintAnyDacInput): readonly Finding[] {
  const { certificate, pai, paa } = input
  const issuer = pai === undefined ? undefined : readLintIssuer(pai, 'PAI')
  const root = paa === undefined ? undefined : readLintIssuer(paa, 'PAA').certificate
  const judge = { profile: anyDac, checks: anyDacChecks, unreadable: 'LINT-01' } as const
  return lintWith(judge, certificate, { issuer, root, ordered: input })
}

/** The lint of a PAI: LINT-21 to LINT-38. @throws IssuerError `ISSUER_PAI_UNUSABLE` when the PAA is no certificate on P-256 */
export function lintPai({ certificate, paa }: LintPaiInput): readonly Finding[] {
  const issuer = paa === undefined ? undefined : readLintIssuer(paa, 'PAA')
  const judge = { profile: anyPai, checks: paiChecks, unreadable: 'LINT-21' } as const
  return lintWith(judge, certificate, { issuer, ordered: {} })
}

/** The lint of a PAA, which is judged as its own issuer: LINT-41 to LINT-58. @param certificate X.509 DER */
export function lintPaa(certificate: Uint8Array): readonly Finding[] {
  const judge = { profile: anyPaa, checks: paaChecks, unreadable: 'LINT-41' } as const
  const parsed = parse(certificate)
  const issuer = typeof parsed === 'string' ? undefined : issuerOf(parsed)
  return lintWith(judge, certificate, { issuer, ordered: {} })
}

/**
 * The role that a certificate seems to have, by its basic constraints and its names: a CA that is its own issuer is a PAA,
 * another CA a PAI, all else a DAC.
 */
export function roleOf(certificate: Certificate): LintRole {
  if (!isAuthority(certificate)) return 'DAC'
  return equalOctets(certificate.issuer, certificate.subject) ? 'PAA' : 'PAI'
}

function isAuthority(certificate: Certificate): boolean {
  const extension = extensionOf(certificate, Oid.basicConstraints)
  try {
    return extension !== undefined && readBasicConstraints(extension.value).ca
  } catch (error) {
    if (isKeylineError(error)) return false
    throw error
  }
}

/** All findings about octets in a role; the rule of the parser alone where they are no certificate. */
export function lintWith(
  judge: LintJudge,
  der: Uint8Array,
  context: LintContext,
): readonly Finding[] {
  const certificate = parse(der)
  if (typeof certificate === 'string') {
    return [finding(judge.unreadable, 'certificate', `${der.length} octets`, certificate)]
  }
  const ids = readSubjectIds(certificate.subject)
  const linted = { certificate, ids, profile: judge.profile, ...context }
  return judge.checks.flatMap(([rule, check]) => {
    const problem = check(linted)
    return problem === undefined
      ? []
      : [finding(rule, problem.field, problem.value, problem.message)]
  })
}

/** @throws IssuerError `ISSUER_PAI_UNUSABLE` when the octets are no certificate on P-256 */
export function readLintIssuer(der: Uint8Array, role: 'PAI' | 'PAA'): LintIssuer {
  const certificate = parse(der)
  const issuer = typeof certificate === 'string' ? undefined : issuerOf(certificate)
  if (issuer !== undefined) return issuer
  const why = typeof certificate === 'string' ? certificate : 'its key is not on P-256'
  throw new IssuerError('ISSUER_PAI_UNUSABLE', `the ${role} cannot be used to lint: ${why}`)
}

function issuerOf(certificate: Certificate): LintIssuer | undefined {
  const key = publicKeyOf(certificate)
  if (key === undefined) return undefined
  const ids = readSubjectIds(certificate.subject)
  return { certificate, ids, key, keyId: keyIdOf(certificate) }
}

function finding(rule: LintRule, field: string, value: string, message: string): Finding {
  const { severity, remedy } = lintRules[rule]
  return { rule, severity, field, value, message, remedy }
}

/** The certificate, or why the octets are none. */
function parse(der: Uint8Array): Certificate | string {
  try {
    return parseCertificate(der)
  } catch (error) {
    if (isKeylineError(error)) return error.message
    throw error
  }
}
