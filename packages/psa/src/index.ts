export { KeyWrapEngine, type KeyWrapEngineOptions } from './driver/key-wrap-engine.ts'
export type { Driver, DriverKey } from './driver/driver.ts'
export { PsaError, psaErrorTable, type PsaErrorCode } from './errors.ts'
export { Algorithm, withHash } from './key/algorithm.ts'
export { keptAttributes, maximumKeyBits, type KeyAttributes } from './key/attributes.ts'
export { decodeKeyFile, encodeKeyFile, type KeyFile } from './key/key-file.ts'
export {
  duaKeyIds,
  keyIds,
  Lifetime,
  lifetimeOf,
  lifetimeParts,
  Location,
  Persistence,
  type LifetimeParts,
} from './key/lifetime.ts'
export { CurveFamily, KeyType } from './key/type.ts'
export { Usage, withImpliedUsage } from './key/usage.ts'
export {
  encodeContainer,
  isSoundContainer,
  keyBufferIn,
  type ContainerInput,
} from './rsse/container.ts'
export {
  exportDuaKey,
  type RsseChip,
  type RsseExport,
  type RsseExportOptions,
} from './rsse/export.ts'
export { parseRsseParameters } from './rsse/parameters.ts'
export { saveContainer } from './rsse/save.ts'
export type { PsaCryptoOptions } from './service/key-management.ts'
export { PsaCrypto } from './service/psa-crypto.ts'
export type {
  AeadRequest,
  AgreementRequest,
  CipherRequest,
  DecryptRequest,
  HashComparison,
  HashRequest,
  ImportRequest,
  MacRequest,
  SignHashRequest,
  SignMessageRequest,
  VerifyHashRequest,
  VerifyMessageRequest,
} from './service/requests.ts'
export {
  failed,
  outputOf,
  requireSuccess,
  succeeded,
  valueOf,
  type PsaOutput,
  type PsaResult,
} from './status/result.ts'
export {
  describeStatus,
  KweStatus,
  PsaStatus,
  type CallStatus,
  type FailureStatus,
} from './status/status.ts'
export {
  InitialAttestation,
  type AttestationStep,
  type InitialAttestationOptions,
} from './attestation/initial-attestation.ts'
export { simulatedLifecycle, type AttestationPlatform } from './attestation/platform.ts'
export { tokenAlgorithms, type TokenAlgorithmName } from './attestation/signer.ts'
export type { AttestationKey, CertificateSource } from './attestation/steps.ts'
export {
  duaCertificateKinds,
  manufactureChip,
  simulatedAuthority,
  type ChipOrder,
  type SimulatedAuthority,
  type SimulatedChip,
} from './certificate/foundry.ts'
export {
  CertificateStatus,
  isCertificateOf,
  rebuildCertificate,
  type RebuiltCertificate,
} from './certificate/rebuild.ts'
export {
  certificateKinds,
  packLength,
  readParts,
  systemFlashMaps,
  writeParts,
  type CertificateKind,
  type CertificateKindName,
  type CertificateParts,
  type SystemFlashMap,
} from './certificate/system-flash.ts'
