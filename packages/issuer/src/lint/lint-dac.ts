import { isKeylineError, type Finding } from '@keyline/bytes'
import { parseCertificate, publicKeyOf, type Certificate } from '@keyline/x509'
import { IssuerError } from '../errors.ts'
import { lintChecks, type LintedDac, type LintInput } from './lint-checks.ts'
import { lintRules, type LintRule } from './lint-rules.ts'
import { readSubjectIds } from './subject-ids.ts'

/** Judges certificates of one PAI: all findings at once. Octets that are no certificate give LINT-01 alone. */
export type DacLint = (input: LintInput) => readonly Finding[]

/**
 * Prepares the lint for one PAI, which is parsed once.
 * @param pai X.509 DER. @throws IssuerError `ISSUER_PAI_UNUSABLE` when it is no certificate on P-256
 */
export function createDacLint(pai: Uint8Array): DacLint {
  const issuer = parse(pai)
  const issuerKey = typeof issuer === 'string' ? undefined : publicKeyOf(issuer)
  if (typeof issuer === 'string' || issuerKey === undefined) {
    const why = typeof issuer === 'string' ? issuer : 'its key is not on P-256'
    throw new IssuerError('ISSUER_PAI_UNUSABLE', `the PAI cannot be used to lint: ${why}`)
  }
  const issuerIds = readSubjectIds(issuer.subject)
  return (input) => {
    const dac = parse(input.certificate)
    if (typeof dac === 'string') {
      return [finding('LINT-01', 'certificate', `${input.certificate.length} octets`, dac)]
    }
    const ids = readSubjectIds(dac.subject)
    return findingsOf({ dac, ids, issuer, issuerIds, issuerKey, ordered: input })
  }
}

/** The lint of a single certificate. @throws IssuerError `ISSUER_PAI_UNUSABLE` */
export function lintDac(input: LintInput & { readonly pai: Uint8Array }): readonly Finding[] {
  return createDacLint(input.pai)(input)
}

function findingsOf(linted: LintedDac): readonly Finding[] {
  return lintChecks.flatMap(([rule, check]) => {
    const problem = check(linted)
    return problem === undefined
      ? []
      : [finding(rule, problem.field, problem.value, problem.message)]
  })
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
