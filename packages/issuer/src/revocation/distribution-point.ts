import { toHexUpper, type Finding } from '@keyline/bytes'
import { matterIds } from '@keyline/matter'
import { pemEncode, type Certificate } from '@keyline/x509'
import { keyIdOf, listSignerFindings } from './list-authority.ts'
import { revocationRules, type RevocationRule } from './revocation-rules.ts'

export interface DistributionPointInput {
  /** The CA whose certificates are revoked. */
  readonly issuer: Certificate
  /** True for a PAA, false for a PAI. */
  readonly isPaa: boolean
  readonly delegate?: Certificate | undefined
  readonly vendorId: number
  /** Absent for a PAA, and for a PAI that serves every product of the vendor. */
  readonly productId?: number | undefined
  /** Name of the point among those of the vendor; at most 64 characters. */
  readonly label: string
  /** Where the list is found; at most 256 characters. */
  readonly dataUrl: string
}

/**
 * What the transaction ADD_REVOCATION_DISTRIBUTION_POINT of the Distributed Compliance Ledger takes, member by member. For a list of
 * RFC 5280 (type 1) size, digest and type of digest of the data must be absent. Source: issuing, section 3.
 */
export interface DistributionPoint {
  readonly vid: number
  /** Empty for a PAA. */
  readonly pid?: number | undefined
  readonly isPAA: boolean
  readonly label: string
  /** PEM. */
  readonly crlSignerCertificate: string
  /** PEM of the CA, where it delegates its lists. */
  readonly crlSignerDelegator?: string | undefined
  /** Upper-case hexadecimal, without colons. */
  readonly issuerSubjectKeyID: string
  readonly dataUrl: string
  /** RFC 5280 CRL. */
  readonly revocationType: 1
}

/** The record, and what is wrong with it; none is good. It revokes nothing by itself: the list at its URL does. */
export function distributionPoint(input: DistributionPointInput): {
  readonly record: DistributionPoint
  readonly findings: readonly Finding[]
} {
  const { issuer, delegate, isPaa, vendorId, productId, label, dataUrl } = input
  const record: DistributionPoint = {
    vid: vendorId,
    ...(productId === undefined ? {} : { pid: productId }),
    isPAA: isPaa,
    label,
    crlSignerCertificate: pemEncode('CERTIFICATE', (delegate ?? issuer).der),
    ...(delegate === undefined ? {} : { crlSignerDelegator: pemEncode('CERTIFICATE', issuer.der) }),
    issuerSubjectKeyID: toHexUpper(keyIdOf(issuer) ?? new Uint8Array()),
    dataUrl,
    revocationType: 1,
  }
  return { record, findings: [...listSignerFindings(input), ...recordFindings(input)] }
}

function recordFindings(input: DistributionPointInput): readonly Finding[] {
  const { issuer, isPaa, vendorId, productId, label, dataUrl } = input
  const ids = matterIds(issuer.subject)
  const findings: Finding[] = []
  const add = (rule: RevocationRule, field: string, value: string): void => {
    const { severity, text, remedy } = revocationRules[rule]
    findings.push({ rule, severity, field, value, message: text, remedy })
  }
  const isVendor = Number.isInteger(vendorId) && vendorId >= 1 && vendorId <= 0xffff
  const isOwnVendor = ids.vendorId === undefined || ids.vendorId === vendorId
  if (!isVendor || !isOwnVendor) add('REV-11', 'vid', String(vendorId))
  if (productId !== (isPaa ? undefined : ids.productId)) {
    // A PAI that serves every product may have a point for one of them.
    const isOneOfAll = !isPaa && ids.productId === undefined
    if (!isOneOfAll) add('REV-12', 'pid', String(productId ?? ''))
  }
  if (label.length < 1 || label.length > 64) add('REV-13', 'label', label)
  const isWeb = URL.canParse(dataUrl) && /^https?:$/.test(new URL(dataUrl).protocol)
  if (!isWeb || dataUrl.length > 256) add('REV-14', 'dataUrl', dataUrl)
  return findings
}
