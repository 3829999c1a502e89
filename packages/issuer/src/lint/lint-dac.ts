import type { Finding } from '@keyline/bytes'
import { lintWith, readLintIssuer } from './lint-certificate.ts'
import { issuedDac } from './lint-profile.ts'
import { issuedDacChecks } from './role-checks.ts'

/** A finished certificate and what it was ordered to be. */
export interface LintInput {
  /** X.509 DER. */
  readonly certificate: Uint8Array
  /** 65-octet point of the request. */
  readonly publicKey: Uint8Array
  /** Of the work order. */
  readonly vendorId: number
  readonly productId: number
}

/** Judges certificates of one PAI: all findings at once. Octets that are no certificate give LINT-01 alone. */
export type DacLint = (input: LintInput) => readonly Finding[]

/**
 * Prepares the lint of certificates that this issuer makes, for one PAI, which is parsed once.
 * @param pai X.509 DER. @throws IssuerError `ISSUER_PAI_UNUSABLE` when it is no certificate on P-256
 */
export function createDacLint(pai: Uint8Array): DacLint {
  const issuer = readLintIssuer(pai, 'PAI')
  const judge = { profile: issuedDac, checks: issuedDacChecks, unreadable: 'LINT-01' } as const
  return (input) => lintWith(judge, input.certificate, { issuer, ordered: input })
}

/** The lint of a single certificate. @throws IssuerError `ISSUER_PAI_UNUSABLE` */
export function lintDac(input: LintInput & { readonly pai: Uint8Array }): readonly Finding[] {
  return createDacLint(input.pai)(input)
}
