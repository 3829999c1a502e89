export type { BasicInformation } from './attestation/check-declaration.ts'
export {
  decodeAttestationElements,
  encodeAttestationElements,
  maxElementsLength,
  type AttestationElements,
} from './attestation/elements.ts'
export type {
  AttestationFailure,
  AttestationResult,
  AttestationSuccess,
} from './attestation/result.ts'
export {
  checkRevocation,
  readRevocationSet,
  revocationFindings,
  type RevocationResult,
  type RevocationSet,
} from './attestation/revocation.ts'
export { attestationRules, SdkResult, type AttestationCheck } from './attestation/rules.ts'
export { isSdkFailure, sdkResults, type SdkResultEntry } from './attestation/sdk-results.ts'
export {
  attestationChecks,
  traceChecks,
  type AskedOf,
  type CheckOutcome,
  type TracedCheck,
} from './attestation/trace.ts'
export { prepareTrust, type Trust, type TrustInput } from './attestation/trust.ts'
export {
  verifyAttestation,
  verifyCredentials,
  type AttestationInput,
  type CredentialsInput,
} from './attestation/verify.ts'
export { checkChain, checkPaiLink } from './certificate/chain.ts'
export {
  chainProblems,
  checkLinks,
  isValidAt,
  type AttestationChain,
  type ChainProblem,
} from './certificate/link.ts'
export { commonNameIds, MatterOid, matterIds, type MatterIds } from './certificate/matter-ids.ts'
export {
  checkDac,
  checkPaa,
  checkPai,
  profileViolations,
  type CertificateRole,
} from './certificate/profile.ts'
export { certificateViolations, type CertificateViolation } from './certificate/violation.ts'
export {
  CertificationType,
  decodeDeclarationContent,
  encodeDeclarationContent,
  type CertificationDeclaration,
} from './declaration/content.ts'
export {
  buildDeclaration,
  verifyDeclaration,
  type DeclarationCheck,
  type DeclarationInput,
  type DeclarationResult,
  type DeclarationTrust,
  type TrustPolicy,
} from './declaration/declaration.ts'
export {
  envelopeViolations,
  openEnvelope,
  type DeclarationEnvelope,
  type EnvelopeResult,
  type EnvelopeViolation,
} from './declaration/envelope.ts'
export { parseDeclaration, type ParsedDeclaration } from './declaration/parse.ts'
export {
  declarationSigner,
  declarationSigners,
  type DeclarationSigner,
  type SignerTrust,
} from './declaration/signers.ts'
export { MatterError, matterErrorTable, type MatterErrorCode } from './errors.ts'
export {
  appendCredentials,
  type AppendOptions,
  type AppendRefusal,
  type AppendResult,
  type Credentials,
} from './factory-data/append-credentials.ts'
export type { BatchForm } from './factory-data/batch-columns.ts'
export { maxRowLength, type ByteStream } from './factory-data/batch-rows.ts'
export { atRow, batchRules, type BatchFinding, type BatchRule } from './factory-data/batch-rules.ts'
export {
  checkAssignments,
  readBatch,
  type BatchInput,
  type BatchOptions,
  type BatchRow,
  type RowAssignment,
} from './factory-data/batch.ts'
export {
  checkFactoryData,
  prepareFactoryDataCheck,
  rulesWithProof,
  type FactoryDataCheck,
  type FactoryDataChecker,
  type FactoryDataOrigin,
  type FactoryDataSetting,
} from './factory-data/check.ts'
export type { DerivedVerifier } from './factory-data/check-verifier.ts'
export {
  extendedFormat,
  isExtendedJson,
  parseExtendedJson,
  type ExtendedFactoryData,
  type ExtendedJsonOptions,
} from './factory-data/extended-json.ts'
export {
  describeValue,
  isHiddenField,
  type DescribeOptions,
} from './factory-data/describe-value.ts'
export { diffFactoryData, diffImages, type FactoryDataDifference } from './factory-data/diff.ts'
export { infoRules, type FactoryDataInfo, type InfoRule } from './factory-data/extended-info.ts'
export { factoryDataToExtendedJson, type ExtendedHeader } from './factory-data/extended-writer.ts'
export {
  factoryDataFields,
  fieldOfTag,
  Tag,
  type FactoryData,
  type FactoryDataField,
  type FieldEntry,
  type ReadFactoryData,
} from './factory-data/factory-data.ts'
export {
  identitiesOf,
  IdentityIndex,
  repeatedFinding,
  type Identity,
  type IdentityKind,
  type IdentityLookup,
} from './factory-data/identity-index.ts'
export {
  readImageRecords,
  type DecodeImageOptions,
  type ImageGeneration,
  type ImageRecord,
  type ImageRecords,
} from './factory-data/image-records.ts'
export { decodeImage, encodeImage, type DecodedImage } from './factory-data/image.ts'
export { extendedLosses, imageLosses, type ConversionLoss } from './factory-data/losses.ts'
export type { FactoryDataMode } from './factory-data/mode.ts'
export {
  drawDiscriminator,
  drawPasscode,
  isForbiddenPasscode,
  isPasscode,
  passcodeRange,
} from './factory-data/passcode.ts'
export {
  appendedCredentialsMax,
  isProfileName,
  profiles,
  type FactoryDataProfile,
  type ProfileName,
} from './factory-data/profile.ts'
export { factoryDataRules, type FactoryDataRule } from './factory-data/rules.ts'
export { factoryDataToStJson, parseStJson, type StJsonOptions } from './factory-data/st-json.ts'
export {
  readerBuffers,
  readWithStReader,
  ReaderStatus,
  type ReaderGeneration,
  type ReaderResult,
} from './factory-data/st-reader.ts'
export { verbatimImage, type VerbatimImage, type VerbatimOptions } from './factory-data/verbatim.ts'
export { decodeBase38, encodeBase38 } from './onboarding/base38.ts'
export {
  decodeManualCode,
  encodeManualCode,
  formatManualCode,
  type ManualCode,
} from './onboarding/manual-code.ts'
export { decodeNdef, decodeType2Tag, encodeNdef, encodeType2Tag } from './onboarding/nfc.ts'
export {
  CommissioningFlow,
  DiscoveryCapability,
  payloadProblems,
  type OnboardingPayload,
} from './onboarding/payload.ts'
export { payloadFindings, type PayloadFindingOptions } from './onboarding/payload-findings.ts'
export { payloadRules, type PayloadRule } from './onboarding/payload-rules.ts'
export {
  decodeQrPayload,
  encodeQrPayload,
  extractQrPayload,
  packQrPayload,
  QrTag,
  unpackQrPayload,
  type QrPayload,
} from './onboarding/qr.ts'
export { qrPng, type QrPngOptions } from './onboarding/symbol-png.ts'
export {
  qrLevels,
  qrModules,
  qrSvg,
  qrTerminal,
  type QrLabelOptions,
  type QrLevel,
  type QrSymbolOptions,
} from './onboarding/symbol.ts'
export { isVerhoeffValid, verhoeffDigit } from './onboarding/verhoeff.ts'
export { decodeTlv, type TlvLimits } from './tlv/decode.ts'
export type { ProfileTag, TlvElement, TlvTag, TlvWidth } from './tlv/element.ts'
export { encodeTlv } from './tlv/encode.ts'
