import type { Finding } from '@keyline/bytes'
import { buildDac, checkIssuing, type DacInput } from '../build/build-dac.ts'
import { issuingFinding } from '../build/issuing-rules.ts'
import { createDacLint, type DacLint } from '../lint/lint-dac.ts'

export interface IssueDacInput extends DacInput {
  /** Prepared lint of the same PAI; made for this one call when absent. */
  readonly lint?: DacLint | undefined
}

export type IssueDacResult =
  | { readonly ok: true; readonly certificate: Uint8Array }
  | {
      readonly ok: false
      /** Violated ISS rules in the order of the table. */
      readonly findings: readonly Finding[]
      /** What the lint says of the signed certificate when ISS-08 is among them. */
      readonly lintFindings: readonly Finding[]
    }

/**
 * Checks, signs and lints one device certificate: what it gives satisfies ISS-01 … ISS-09.
 * Nothing is signed when a rule that can be judged before is violated. Source: station 8.2, issuing 5.
 */
export async function issueDac(input: IssueDacInput): Promise<IssueDacResult> {
  const findings = checkIssuing(input)
  if (findings.length > 0) return { ok: false, findings, lintFindings: [] }
  const certificate = await buildDac(input)
  const lint = input.lint ?? createDacLint(input.pai.certificate.der)
  const { publicKey, vendorId, productId } = input
  const lintFindings = lint({ certificate, publicKey: publicKey.point, vendorId, productId })
  if (lintFindings.length === 0) return { ok: true, certificate }
  const rules = lintFindings.map((finding) => finding.rule).join(', ')
  const iss08 = issuingFinding(
    'ISS-08',
    'certificate',
    `${certificate.length} octets`,
    `it breaks ${rules}`,
  )
  return { ok: false, findings: [iss08], lintFindings }
}
