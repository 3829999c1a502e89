export { annotateCbor, type AnnotatedCbor, type CborLine } from './cbor/annotate.ts'
export { cborDiagnostic, cborExcerpt } from './cbor/diagnostic.ts'
export { encodeCbor, type CborEncodeOptions } from './cbor/encode.ts'
export { MajorType } from './cbor/head.ts'
export { locateCbor, type CborPath } from './cbor/locate.ts'
export { CborReader, decodeCbor, type CborLimits } from './cbor/reader.ts'
export {
  CborFloat,
  cborMap,
  CborSimple,
  CborTag,
  isCborArray,
  isCborBytes,
  isCborInteger,
  isCborMap,
  taggedValue,
  type CborMap,
  type CborValue,
} from './cbor/value.ts'
export {
  coseAlgorithm,
  coseAlgorithms,
  evidenceAlgorithms,
  type CoseAlgorithm,
  type EnvelopeKind,
} from './cose/algorithm.ts'
export {
  encodeEnvelope,
  encodeProtected,
  EnvelopeTag,
  parseEnvelope,
  type CoseEnvelope,
  type EnvelopeContent,
  type EnvelopeOptions,
} from './cose/envelope.ts'
export { HeaderLabel } from './cose/header.ts'
export { parameter, readHeaders, type CoseHeaders, type HeaderOptions } from './cose/headers.ts'
export { encodeCoseKey, readCoseKey } from './cose/key.ts'
export {
  protectedHeaderOf,
  signEnvelope,
  type DigestSigner,
  type SignableContent,
} from './cose/sign.ts'
export { toBeAuthenticated } from './cose/structure.ts'
export {
  requireFittingKey,
  verifyEnvelope,
  type CoseKey,
  type VerificationInput,
} from './cose/verify.ts'
export { EatError, eatErrorTable, type EatErrorCode } from './errors.ts'
export { refusalOf, throwFirst, type EatFinding } from './finding.ts'
export {
  bootComponents,
  BootModule,
  bootRecordClaim,
  componentEntry,
  encodeBootRecord,
  parseBootRecord,
  type BootEntry,
} from './claims/boot-record.ts'
export type { SoftwareComponent, TokenClaims } from './claims/claim.ts'
export {
  instanceIdForms,
  instanceIdMatches,
  instanceIdOf,
  keyIdOf,
  simulatedImplementationId,
  symmetricInstanceId,
  type InstanceIdForm,
} from './claims/identity.ts'
export { claimsToJson, readClaimsJson } from './claims/json.ts'
export {
  lifecycleState,
  lifecycleStates,
  type LifecycleName,
  type LifecycleState,
} from './claims/lifecycle.ts'
export { macToken, signToken, type TokenHeaders } from './claims/make-token.ts'
export {
  componentClaims,
  isTokenProfile,
  tokenProfiles,
  type ProfileEntry,
} from './claims/profile.ts'
export {
  decodeClaims,
  judgeClaims,
  readClaims,
  type ClaimsOptions,
  type ClaimsReading,
} from './claims/read.ts'
export { decodeStSample, type StSampleToken } from './claims/st-sample.ts'
export { TokenProfile } from './claims/token-profile.ts'
export {
  decodeOpened,
  openToken,
  type OpenedToken,
  decodeToken,
  inspectToken,
  type Token,
  type TokenInspection,
  type TokenOptions,
} from './claims/token.ts'
export { claimsToCbor, encodeClaims } from './claims/write.ts'
export {
  encodeComid,
  readComid,
  type Comid,
  type ComidEvent,
  type ComidHeader,
  type Environment,
  type Measurement,
  type StatefulEnvironment,
  type Triple,
} from './corim/comid.ts'
export {
  corimMaxLength,
  decodeCorim,
  encodeCorim,
  isSignedCorim,
  type Corim,
  type CorimContent,
  type CorimEntity,
  type CorimProfile,
} from './corim/corim.ts'
export { fromDraftForm } from './corim/draft-form.ts'
export type { Validity } from './corim/fields.ts'
export { keyText, readKeyText } from './corim/key-text.ts'
export { fromOlderProfile, olderPsaProfile, readOlderPsaStatements } from './corim/older-profile.ts'
export {
  digestAlgorithms,
  psaCorimProfile,
  readPsaComid,
  readPsaStatements,
  requirePsaProfile,
  softwareComponentKey,
  type DigestAlgorithm,
  type PsaCertification,
  type PsaDigest,
  type PsaReadOptions,
  type PsaReferenceValue,
  type PsaStatement,
  type PsaTrustAnchor,
} from './corim/psa-profile.ts'
export { encodePsaCorim, type PsaCorimInput } from './corim/psa-write.ts'
export {
  corimContentType,
  decodeSignedCorim,
  signCorim,
  type CorimMeta,
  type SignedCorim,
} from './corim/signed.ts'
export { CorimTag } from './corim/tag.ts'
export { decodeEar, encodeEar } from './ear/cbor.ts'
export {
  dialectOf,
  earDialects,
  EarKey,
  type DialectEntry,
  type DialectNames,
  type EarDialect,
} from './ear/dialect.ts'
export { earToJson, readEar } from './ear/json.ts'
export type { Appraisal, AttestationResult } from './ear/result.ts'
export {
  readTier,
  tierNumbers,
  tierOf,
  trustClaims,
  worstTier,
  type Tier,
  type TrustClaim,
  type TrustVector,
} from './ear/tier.ts'
