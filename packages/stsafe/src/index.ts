export { inProcessTransport, type BusResponder } from './bus/in-process.ts'
export { openStreamTransport, type StreamAddress, type StreamOptions } from './bus/byte-stream.ts'
export { takeBusLock, type BusLock } from './bus/bus-lock.ts'
export { openTransport, parseDeviceUri, type DeviceUri } from './bus/device-uri.ts'
export { openI2cTransport, type I2cBus, type I2cDriver, type I2cOptions } from './bus/i2c.ts'
export { sdkPolling, type Polling } from './bus/link.ts'
export type { Transport } from './bus/transport.ts'
export type {
  AuthenticationInput,
  AuthenticationService,
  AuthenticDevice,
  Entity,
} from './chip/authentication.ts'
export type {
  CcmTotals,
  CipherStreamService,
  DecryptionStream,
  EncryptionStream,
  Piece,
} from './chip/cipher-streams.ts'
export type {
  AeadDecryption,
  CcmEncrypted,
  CcmEncryption,
  CipherService,
  GcmEncrypted,
  GcmEncryption,
} from './chip/ciphers.ts'
export type {
  CallOptions,
  PermanentOptions,
  ProtectedCallOptions,
  StsafeEvent,
} from './chip/context.ts'
export type { Derivation, DerivationService } from './chip/derivation.ts'
export type { DeviceService, PasswordVerdict } from './chip/device.ts'
export type { EccService, Verification } from './chip/ecc.ts'
export type { EnvelopeService } from './chip/envelopes.ts'
export type { HashService } from './chip/hashes.ts'
export type { MacService } from './chip/macs.ts'
export type { PublicKeyService } from './chip/public-keys.ts'
export { stsafeRoot } from './chip/st-root.ts'
export {
  decryptWhole,
  encryptWhole,
  type WholeDecryption,
  type WholeEncrypted,
  type WholeEncryption,
} from './chip/whole-messages.ts'
export type {
  Decrement,
  ReadOptions,
  UpdateOptions,
  ZoneData,
  ZoneRange,
  ZoneService,
} from './chip/zones.ts'
export { StsafeError, stsafeErrorTable, type StsafeErrorCode } from './errors.ts'
export type { Authenticator } from './provisioning/agreement.ts'
export { deriveHostKeys, stNumberOf, type MasterKey } from './provisioning/derived-host-keys.ts'
export type {
  EstablishOptions,
  HostKeyService,
  HostKeySlot,
  TypedHostKeys,
  WrappedOptions,
} from './provisioning/host-keys.ts'
export type { SymmetricKeyService } from './provisioning/symmetric-keys.ts'
export { returnCodeOf } from './return-code.ts'
export type { HostKeyPair } from './session/host-session.ts'
export { openStsafe, Stsafe, type KnownPart, type StsafeOptions } from './stsafe.ts'
export { parseBusTrace, type TracedTransfer } from './trace/bus-trace.ts'
export { explainTrace, type ExplainedExchange, type Payload } from './trace/explain.ts'
export type { TraceKeys } from './trace/traced-session.ts'
