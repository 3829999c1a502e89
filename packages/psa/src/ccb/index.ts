export { curveAdditionalData, rsaAdditionalData, type WrappedUsage } from './additional-data.ts'
export { blobIvLength, blobTagLength, hasCounterOfTwo, type WrappedBlob } from './blob.ts'
export { Ccb, type BlobTarget, type CcbOptions, type CurveKey, type RsaNumbers } from './ccb.ts'
export {
  ChipSecrets,
  type ChipSecretsInput,
  type DuaKeyName,
  type RdpLevel,
  type SecurityState,
  type WrappingKeySelection,
} from './chip-secrets.ts'
export type { CcbCurve } from './curve-parameters.ts'
export {
  CcbError,
  CcbOperation,
  CcbState,
  type CcbFailure,
  type CcbFailureReason,
  type CcbFault,
  type CcbResult,
  type EngineOptions,
} from './engine.ts'
export { Saes, type SymmetricWrapping, type WrappedAesKey } from './saes.ts'
