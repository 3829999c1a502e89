import { isKeylineError } from '@keyline/bytes'
import { curvePublicKey, type CurvePublicKey } from '@keyline/crypto'
import { attributeText, Oid, parseCertificate, readName, type Certificate } from '@keyline/x509'
import { quoted } from '../pki-findings.ts'

export interface CertificateSummary {
  readonly text: string
  /** Nothing when the octets are no certificate, or one on a curve that tokens are not signed on. */
  readonly publicKey: CurvePublicKey | undefined
}

/** A certificate in a few words, whatever the octets are. */
export function certificateSummary(der: Uint8Array): CertificateSummary {
  try {
    const certificate = parseCertificate(der)
    const subject = quoted(commonName(certificate.subject))
    const issuer = quoted(commonName(certificate.issuer))
    const text = `${subject}, issued by ${issuer}, ${der.length} octets`
    return { text, publicKey: publicKeyIn(certificate) }
  } catch (error) {
    if (!isKeylineError(error)) throw error
    return { text: `${der.length} octets that are no certificate`, publicKey: undefined }
  }
}

/** Common name of a name in DER; empty when it has none. */
export function commonName(der: Uint8Array): string {
  const attribute = readName(der).find(({ type }) => type === Oid.commonName)
  return (attribute && attributeText(attribute)) ?? ''
}

function publicKeyIn({ spki }: Certificate): CurvePublicKey | undefined {
  const { point } = spki
  return point === undefined ? undefined : curvePublicKey('P-256', point.subarray(1))
}
