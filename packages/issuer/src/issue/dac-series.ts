import { describeFinding, toHex, type Finding } from '@keyline/bytes'
import { p256Spki, sha256 } from '@keyline/crypto'
import { assembleCertificate, buildTbsCertificate } from '@keyline/x509'
import { checkDacSubject, checkIssuing, dacTbs, type DacInput } from '../build/build-dac.ts'
import { DacTemplates, type DacSubject } from '../build/dac-template.ts'
import { IssuerError } from '../errors.ts'
import { lintWith, readLintIssuer } from '../lint/lint-certificate.ts'
import type { LintIssuer } from '../lint/lint-problem.ts'
import { issuedDac } from '../lint/lint-profile.ts'
import type { LintRule } from '../lint/lint-rules.ts'
import { issuedDacChecks, type RoleChecks } from '../lint/role-checks.ts'

/** What all certificates of a series have in common. */
export interface DacSeriesInput extends Omit<
  DacInput,
  'publicKey' | 'serialNumber' | 'commonName'
> {
  /** Verifies the signature (LINT-15) of one certificate in so many, the first among them; of each unless given. */
  readonly verifyEvery?: number | undefined
  /** The PAI, as the lint reads it; read anew unless given. */
  readonly lintIssuer?: LintIssuer | undefined
}

/** A certificate with what a record of it names. Hashes and serial number are hexadecimal. */
export interface SeriesDac {
  /** X.509 DER. */
  readonly der: Uint8Array
  readonly sha256: string
  readonly spkiSha256: string
  readonly serialNumber: string
}

/** A verification costs more than the signature. */
const checksWithoutSignature: RoleChecks = issuedDacChecks.filter(([rule]) => rule !== 'LINT-15')

/**
 * Many certificates of one product under one PAI, whose keys, serial numbers and common names alone differ. Each is
 * octet for octet what `buildDac` gives, and each passes the lint before it leaves.
 */
export class DacSeries {
  readonly #input: DacSeriesInput
  readonly #templates: DacTemplates
  readonly #issuer: LintIssuer
  #issued = 0

  constructor(input: DacSeriesInput) {
    this.#input = input
    this.#templates = new DacTemplates((subject) =>
      buildTbsCertificate(dacTbs({ ...input, ...subject })),
    )
    this.#issuer = input.lintIssuer ?? readLintIssuer(input.pai.certificate.der, 'PAI')
  }

  /**
   * Nothing is signed that breaks a rule.
   * @throws IssuerError `ISSUER_RULE_BROKEN`, `ISSUER_SIGNER_FAILED`, `ISSUER_LINT_FAILED`
   */
  async issue(subject: DacSubject): Promise<SeriesDac> {
    const { publicKey } = subject
    this.#requireRules(subject)
    const tbs = this.#templates.tbs(subject)
    const der = assembleCertificate(tbs, await this.#input.signer.sign(tbs))
    this.#requireLint(der, publicKey)
    return {
      der,
      sha256: toHex(sha256(der)),
      spkiSha256: toHex(sha256(p256Spki(publicKey))),
      serialNumber: toHex(subject.serialNumber),
    }
  }

  #requireLint(certificate: Uint8Array, publicKey: Uint8Array): void {
    const { vendorId, productId, verifyEvery = 1 } = this.#input
    const checks = this.#issued++ % verifyEvery === 0 ? issuedDacChecks : checksWithoutSignature
    const judge = { profile: issuedDac, checks, unreadable: 'LINT-01' } as const
    const ordered = { certificate, publicKey, vendorId, productId }
    const findings = lintWith(judge, certificate, { issuer: this.#issuer, ordered })
    if (findings.length === 0) return
    throw lintRefusal(findings)
  }

  /** ISS-01 … ISS-07 and ISS-09: all of them before the first certificate, later those of its own members. */
  #requireRules({ serialNumber, commonName }: DacSubject): void {
    const { vendorId, productId, subjectEncoding, signer } = this.#input
    const findings =
      this.#issued === 0
        ? checkIssuing({ ...this.#input, serialNumber, commonName, publicKey: signer.publicKey })
        : checkDacSubject({ serialNumber, commonName, vendorId, productId, subjectEncoding })
    if (findings.length === 0) return
    throw new IssuerError('ISSUER_RULE_BROKEN', findings.map(describeFinding).join(' | '))
  }
}

/** A bad signature is the signer's fault, the size the operator's, the rest of the lint ours. */
function lintRefusal(findings: readonly Finding[]): IssuerError {
  const message = findings.map(describeFinding).join(' | ')
  const isOnly = (rule: LintRule): boolean => findings.every((finding) => finding.rule === rule)
  if (isOnly('LINT-14')) return new IssuerError('ISSUER_RULE_BROKEN', message)
  return new IssuerError(isOnly('LINT-15') ? 'ISSUER_SIGNER_FAILED' : 'ISSUER_LINT_FAILED', message)
}
