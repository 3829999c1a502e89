import { describeFinding, toHex } from '@keyline/bytes'
import { p256Spki, sha256 } from '@keyline/crypto'
import { assembleCertificate, buildTbsCertificate } from '@keyline/x509'
import { checkIssuing, dacTbs, type DacInput } from '../build/build-dac.ts'
import { DacTemplates, type DacSubject } from '../build/dac-template.ts'
import { IssuerError } from '../errors.ts'
import { createDacLint, type DacLint } from '../lint/lint-dac.ts'

/** What all certificates of a series have in common. */
export type DacSeriesInput = Omit<DacInput, 'publicKey' | 'serialNumber' | 'commonName'>

/** A certificate with what a record of it names. Hashes and serial number are hexadecimal. */
export interface SeriesDac {
  /** X.509 DER. */
  readonly der: Uint8Array
  readonly sha256: string
  readonly spkiSha256: string
  readonly serialNumber: string
}

/**
 * Many certificates of one product under one PAI, whose keys, serial numbers and common names alone differ. Each is
 * octet for octet what `buildDac` gives, and each passes the lint before it leaves.
 */
export class DacSeries {
  readonly #input: DacSeriesInput
  readonly #templates: DacTemplates
  readonly #lint: DacLint

  constructor(input: DacSeriesInput) {
    this.#input = input
    this.#templates = new DacTemplates((subject) =>
      buildTbsCertificate(dacTbs({ ...input, ...subject })),
    )
    this.#lint = createDacLint(input.pai.certificate.der)
  }

  /** Nothing is signed that breaks a rule. @throws IssuerError `ISSUER_RULE_BROKEN`, `ISSUER_LINT_FAILED` */
  async issue(subject: DacSubject): Promise<SeriesDac> {
    const { publicKey } = subject
    this.#requireRules(subject)
    const tbs = this.#templates.tbs(subject)
    const der = assembleCertificate(tbs, await this.#input.signer.sign(tbs))
    const { vendorId, productId } = this.#input
    const findings = this.#lint({ certificate: der, publicKey, vendorId, productId })
    if (findings.length > 0) {
      throw new IssuerError('ISSUER_LINT_FAILED', findings.map(describeFinding).join(' | '))
    }
    return {
      der,
      sha256: toHex(sha256(der)),
      spkiSha256: toHex(sha256(p256Spki(publicKey))),
      serialNumber: toHex(subject.serialNumber),
    }
  }

  /** ISS-01 … ISS-07 and ISS-09. */
  #requireRules({ serialNumber, commonName }: DacSubject): void {
    const { publicKey } = this.#input.signer
    const findings = checkIssuing({ ...this.#input, serialNumber, commonName, publicKey })
    if (findings.length === 0) return
    throw new IssuerError('ISSUER_RULE_BROKEN', findings.map(describeFinding).join(' | '))
  }
}
