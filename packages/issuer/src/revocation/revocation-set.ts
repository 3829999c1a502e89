import { toBase64, toHexUpper } from '@keyline/bytes'
import type { Certificate, Crl } from '@keyline/x509'
import { keyIdOf } from './list-authority.ts'

/** One entry of a revocation set, as the ledger tool of the SDK writes it (matter-factory-data 12.3). */
export interface RevocationSetEntry {
  readonly type: 'revocation_set'
  /** Upper-case hexadecimal. */
  readonly issuer_subject_key_id: string
  /** Base64 of the DER. */
  readonly issuer_name: string
  /** Hexadecimal of even length, upper case. */
  readonly revoked_serial_numbers: readonly string[]
  /** Base64 of the DER. */
  readonly crl_signer_cert: string
  readonly crl_signer_delegator?: string | undefined
}

/** The set of one CA, from its list. The list is believed: whoever calls has verified it. */
export function revocationSetOf(input: {
  readonly issuer: Certificate
  readonly delegate?: Certificate | undefined
  readonly crl: Crl
}): RevocationSetEntry {
  const { issuer, delegate, crl } = input
  return {
    type: 'revocation_set',
    issuer_subject_key_id: toHexUpper(keyIdOf(issuer) ?? new Uint8Array()),
    issuer_name: toBase64(issuer.subject),
    revoked_serial_numbers: Array.from(crl, ({ serialNumber }) => serialText(serialNumber)),
    crl_signer_cert: toBase64((delegate ?? issuer).der),
    ...(delegate === undefined ? {} : { crl_signer_delegator: toBase64(issuer.der) }),
  }
}

/** Without the octet that only keeps the number positive. */
function serialText(serialNumber: Uint8Array): string {
  const isPadded = serialNumber.length > 1 && serialNumber[0] === 0
  return toHexUpper(isPadded ? serialNumber.subarray(1) : serialNumber)
}
