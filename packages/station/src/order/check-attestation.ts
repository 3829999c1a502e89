import { isKeylineError, type Finding } from '@keyline/bytes'
import type { AnyOrder } from '@keyline/ledger/records'
import { parseCertificate, pemDecode } from '@keyline/x509'
import { orderFinding } from './order-rules.ts'
import { canAttest } from './supported.ts'

/** An authority of chips that an order trusts. */
export interface ChipAuthority {
  /** X.509 DER. */
  readonly certificate: Uint8Array
  /** True: of simulated chips. */
  readonly isSimulated: boolean
}

/** What an order may ask of the attestation of its boards. */
export function checkAttestation(order: AnyOrder): readonly Finding[] {
  const { attestation, policy } = order
  if (attestation === undefined) return []
  const findings: Finding[] = []
  if (attestation.required && !canAttest(order)) {
    const value = `${order.platform}/${order.security}`
    findings.push(orderFinding('ORD-15', 'attestation.required', value, 'has no attestation key'))
  }
  if ('application' in order && order.application === 'silent') {
    const message = 'cannot be asked for a token'
    findings.push(orderFinding('ORD-15', 'application', order.application, message))
  }
  for (const [index, { file, simulated }] of (attestation.authorities ?? []).entries()) {
    if (simulated !== true || policy !== 'production') continue
    const field = `attestation.authorities.${index}`
    findings.push(orderFinding('ORD-16', field, file, 'certifies simulated chips'))
  }
  return findings
}

/** The certificate of an authority in DER or PEM. */
export function readAuthority(
  octets: Uint8Array,
  field: string,
): { readonly certificate: Uint8Array } | { readonly finding: Finding } {
  try {
    const text = Buffer.from(octets).toString('latin1')
    const certificate = text.includes('-----BEGIN') ? pemDecode(text, 'CERTIFICATE') : octets
    parseCertificate(certificate)
    return { certificate }
  } catch (error) {
    if (!isKeylineError(error)) throw error
    return { finding: orderFinding('ORD-16', field, '', error.message) }
  }
}
