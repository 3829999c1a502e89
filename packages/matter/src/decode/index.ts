/**
 * All that reads: images, labels, certificates, declarations, TLV. No signature is checked and nothing is derived here,
 * so it needs the language alone and runs in a browser too.
 */
export {
  checkLinks,
  chainProblems,
  isValidAt,
  type AttestationChain,
  type ChainProblem,
} from '../certificate/link.ts'
export { commonNameIds, MatterOid, matterIds, type MatterIds } from '../certificate/matter-ids.ts'
export {
  checkDac,
  checkPaa,
  checkPai,
  profileViolations,
  type CertificateRole,
} from '../certificate/profile.ts'
export { certificateViolations, type CertificateViolation } from '../certificate/violation.ts'
export {
  CertificationType,
  decodeDeclarationContent,
  encodeDeclarationContent,
  type CertificationDeclaration,
} from '../declaration/content.ts'
export {
  envelopeViolations,
  openEnvelope,
  type DeclarationEnvelope,
  type EnvelopeResult,
  type EnvelopeViolation,
} from '../declaration/envelope.ts'
export { parseDeclaration, type ParsedDeclaration } from '../declaration/parse.ts'
export { MatterError, matterErrorTable, type MatterErrorCode } from '../errors.ts'
export {
  factoryDataFields,
  Tag,
  type FactoryData,
  type FactoryDataField,
  type FieldEntry,
  type ReadFactoryData,
} from '../factory-data/factory-data.ts'
export type { DecodeImageOptions, ImageGeneration } from '../factory-data/image-records.ts'
export { decodeImage, encodeImage, type DecodedImage } from '../factory-data/image.ts'
export {
  isProfileName,
  profiles,
  type FactoryDataProfile,
  type ProfileName,
} from '../factory-data/profile.ts'
export { factoryDataRules, type FactoryDataRule } from '../factory-data/rules.ts'
export { factoryDataToStJson, parseStJson, type StJsonOptions } from '../factory-data/st-json.ts'
export {
  readerBuffers,
  readWithStReader,
  ReaderStatus,
  type ReaderGeneration,
  type ReaderResult,
} from '../factory-data/st-reader.ts'
export { decodeBase38, encodeBase38 } from '../onboarding/base38.ts'
export {
  decodeManualCode,
  encodeManualCode,
  formatManualCode,
  type ManualCode,
} from '../onboarding/manual-code.ts'
export { decodeNdef, decodeType2Tag, encodeNdef, encodeType2Tag } from '../onboarding/nfc.ts'
export {
  CommissioningFlow,
  DiscoveryCapability,
  payloadProblems,
  type OnboardingPayload,
} from '../onboarding/payload.ts'
export {
  decodeQrPayload,
  encodeQrPayload,
  extractQrPayload,
  packQrPayload,
  QrTag,
  unpackQrPayload,
  type QrPayload,
} from '../onboarding/qr.ts'
export { decodeTlv, type TlvLimits } from '../tlv/decode.ts'
export type { ProfileTag, TlvElement, TlvTag, TlvWidth } from '../tlv/element.ts'
export { encodeTlv } from '../tlv/encode.ts'
