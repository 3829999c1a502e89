import { parseCertificate, type Certificate } from '../certificate/certificate.ts'
import { DerReader } from '../der/reader.ts'
import { DerTag } from '../der/tag.ts'
import { derInteger, derOid, derSequence, derSet, derTagged } from '../der/writer.ts'
import { X509Error } from '../errors.ts'
import { Oid } from '../oids.ts'
import { parseSignedData } from './signed-data.ts'

/**
 * Certificates as signed data that nobody has signed, the form in which EST hands them out (RFC 5652 section 5.2,
 * RFC 8951 section 3). DER sorts the set: the order of the certificates says nothing.
 * @param certificates X.509 DER, each
 */
export function buildCertsOnly(certificates: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const sorted = new DerReader(derSet(...certificates)).content(DerTag.set, 'certificates')
  const signedData = derSequence(
    derInteger(1),
    derSet(),
    derSequence(derOid(Oid.data)),
    derTagged(0, sorted),
    derSet(),
  )
  return derSequence(derOid(Oid.signedData), derTagged(0, signedData))
}

/**
 * The certificates of a certs-only message of at most 64 KiB, in the order in which they stand there. Revocation lists
 * beside them are passed over; a signer, a content, or another kind of certificate is refused.
 * @throws X509Error `DER_LIMIT`, `DER_MALFORMED`, `CMS_MALFORMED`, `CERTIFICATE_MALFORMED`, `TIME_MALFORMED`
 */
export function parseCertsOnly(der: Uint8Array): readonly Certificate[] {
  const message = parseSignedData(der)
  const isDegenerate =
    message.version === 1 &&
    message.contentType === Oid.data &&
    message.content === undefined &&
    message.digestAlgorithms.length === 0 &&
    message.signers.length === 0
  if (!isDegenerate) {
    throw new X509Error('CMS_MALFORMED', 'the signed data holds more than certificates')
  }
  const reader = new DerReader(message.certificates ?? new Uint8Array())
  const certificates: Certificate[] = []
  while (!reader.isAtEnd) {
    certificates.push(parseCertificate(reader.whole('certificate', DerTag.sequence)))
  }
  if (certificates.length > 0) return certificates
  throw new X509Error('CMS_MALFORMED', 'the signed data holds no certificate')
}
