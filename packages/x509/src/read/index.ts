/** What reads, without a signature or key handle: it needs nothing but the language, so it runs in a browser too. */
export { extensionOf, parseCertificate, type Certificate } from '../certificate/certificate.ts'
export {
  keyUsages,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readKeyUsage,
  readSubjectKeyIdentifier,
  type BasicConstraints,
  type Extension,
  type KeyUsage,
} from '../certificate/extension.ts'
export { parseSignedData, type SignedData, type SignerInfo } from '../cms/signed-data.ts'
export { parseCrl, type Crl } from '../crl/crl.ts'
export { revocationReasons, type RevocationReason, type RevokedCertificate } from '../crl/entry.ts'
export { derLimits, maxDerDepth } from '../der/limits.ts'
export { DerReader, type BitString, type DerElement } from '../der/reader.ts'
export { assertStrictDer } from '../der/strict.ts'
export { contextConstructed, contextPrimitive, DerTag } from '../der/tag.ts'
export { noExpiry } from '../der/time.ts'
export { X509Error, x509ErrorTable, type X509ErrorCode } from '../errors.ts'
export { isEcdsaWithSha256, type AlgorithmIdentifier } from '../key/algorithm.ts'
export { isOnP256 } from '../key/p256-curve.ts'
export type { SubjectPublicKeyInfo } from '../key/public-key.ts'
export { attributeText, readName, type NameAttribute } from '../name/name.ts'
export { Oid } from '../oids.ts'
export { pemDecode } from '../pem/pem.ts'
export { parseRequest, type CertificateRequest } from '../request/request.ts'
