export {
  assembleCertificate,
  buildCertificate,
  buildTbsCertificate,
  type CertificateInput,
  type TbsInput,
} from './certificate/build.ts'
export { extensionOf, parseCertificate, type Certificate } from './certificate/certificate.ts'
export {
  authorityKeyIdentifier,
  basicConstraints,
  crlDistributionPoint,
  keyUsage,
  keyUsages,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readKeyUsage,
  readSubjectKeyIdentifier,
  subjectKeyIdentifier,
  type BasicConstraints,
  type Extension,
  type KeyUsage,
} from './certificate/extension.ts'
export { isSignedBy } from './certificate/signature.ts'
export { buildCertsOnly, parseCertsOnly } from './cms/certs-only.ts'
export {
  buildSignedData,
  parseSignedData,
  type SignedData,
  type SignedDataInput,
  type SignerInfo,
} from './cms/signed-data.ts'
export { buildCrl, RevokedWriter, type CrlInput, type RevokedInput } from './crl/build.ts'
export { parseCrl, type Crl } from './crl/crl.ts'
export { revocationReasons, type RevocationReason, type RevokedCertificate } from './crl/entry.ts'
export { isCrlSignedBy } from './crl/signature.ts'
export { derLimits, maxDerDepth } from './der/limits.ts'
export { DerReader, type BitString, type DerElement } from './der/reader.ts'
export { assertStrictDer } from './der/strict.ts'
export { contextConstructed, contextPrimitive, DerTag } from './der/tag.ts'
export { derTime, noExpiry } from './der/time.ts'
export {
  derBitString,
  derBoolean,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derSet,
  derTagged,
  derTaggedPrimitive,
  derUtf8,
  derValue,
} from './der/writer.ts'
export { X509Error, x509ErrorTable, type X509ErrorCode } from './errors.ts'
export { isEcdsaWithSha256, type AlgorithmIdentifier } from './key/algorithm.ts'
export { keyIdentifier, publicKeyOf, type KeyHolder } from './key/key-handle.ts'
export { isOnP256 } from './key/p256-curve.ts'
export type { SubjectPublicKeyInfo } from './key/public-key.ts'
export { isEcdsaSignature, verifyEcdsa, type EcdsaVerification } from './key/signature.ts'
export { attributeText, name, readName, type NameAttribute, type NameInput } from './name/name.ts'
export { Oid } from './oids.ts'
export { pemDecode, pemEncode } from './pem/pem.ts'
export { encryptPkcs8, type Pkcs8Options } from './pem/pkcs8.ts'
export { buildRequest, type RequestInput } from './request/build.ts'
export { parseRequest, type CertificateRequest } from './request/request.ts'
export { isSelfSigned } from './request/signature.ts'
