import { attributeText, Oid, parseCertificate, readName, type Certificate } from '@keyline/x509'

/** Names of device certificates of STM32 chips, before the serial number in 20 digits (attestation-verifier 5.3). */
export const deviceSubjectPrefixes = [
  'stm32u3xx-usfu-',
  'stm32u3xx-uslu-',
  'stm32h5xx-user-',
  'stm32h5xx-initial_attestation-',
] as const

/** An authority whose certificates are accepted; trusted by configuration, its own signature is not checked. */
export interface CertificateAnchor {
  readonly certificate: Certificate
  /** Names before the serial number that its devices may have; those of STM32 chips unless given. */
  readonly subjectPrefixes?: readonly string[] | undefined
  /** A certified key without a registered one is a recognised device (V20); off unless given. */
  readonly acceptUnregistered?: boolean | undefined
}

/** What an authority is configured with. */
export interface CertificateAnchorInput extends Omit<CertificateAnchor, 'certificate'> {
  /** X.509, DER. */
  readonly certificate: Uint8Array
}

/** @throws X509Error for what is no certificate */
export function certificateAnchor({
  certificate,
  ...settings
}: CertificateAnchorInput): CertificateAnchor {
  return { certificate: parseCertificate(certificate), ...settings }
}

/** Common name of an authority. */
export function authorityName({ certificate }: Pick<CertificateAnchor, 'certificate'>): string {
  const attribute = readName(certificate.subject).find(({ type }) => type === Oid.commonName)
  return (attribute && attributeText(attribute)) ?? 'without a name'
}

/** Certificates that are refused whoever signed them. */
export interface DenyList {
  /** In lower-case hexadecimal. */
  readonly serialNumbers?: ReadonlySet<string> | undefined
  /** Common names. */
  readonly subjects?: ReadonlySet<string> | undefined
  /** SHA-256 of X ‖ Y under 04, in lower-case hexadecimal. */
  readonly keyHashes?: ReadonlySet<string> | undefined
}

/** What is trusted of X.509. */
export interface CertificateTrust {
  readonly anchors: readonly CertificateAnchor[]
  readonly denied?: DenyList | undefined
}

export const noCertificates: CertificateTrust = { anchors: [] }
