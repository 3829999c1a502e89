export { MatterError, matterErrorTable, type MatterErrorCode } from './errors.ts'
export {
  appendCredentials,
  type AppendOptions,
  type AppendRefusal,
  type AppendResult,
  type Credentials,
} from './factory-data/append-credentials.ts'
export {
  factoryDataFields,
  Tag,
  type FactoryData,
  type FactoryDataField,
  type FieldEntry,
  type ReadFactoryData,
} from './factory-data/factory-data.ts'
export {
  decodeImage,
  encodeImage,
  type DecodedImage,
  type DecodeImageOptions,
  type ImageGeneration,
} from './factory-data/image.ts'
export {
  appendedCredentialsMax,
  isProfileName,
  profiles,
  type FactoryDataProfile,
  type ProfileName,
} from './factory-data/profile.ts'
export { factoryDataRules, type FactoryDataRule } from './factory-data/rules.ts'
export {
  readerBuffers,
  readWithStReader,
  ReaderStatus,
  type ReaderGeneration,
  type ReaderResult,
} from './factory-data/st-reader.ts'
export { decodeTlv, type TlvLimits } from './tlv/decode.ts'
export type { ProfileTag, TlvElement, TlvTag, TlvWidth } from './tlv/element.ts'
export { encodeTlv } from './tlv/encode.ts'
