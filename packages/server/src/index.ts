export { errorStatus, statusOf } from './answer/status.ts'
export { ServerError, serverErrorTable, type ServerErrorCode } from './errors.ts'
export { selfTest } from './health/self-test.ts'
export { memberName, type Member, type MemberStore, type Role } from './identity/member.ts'
export { drawToken, tokenHash, tokenLifeMs, type OneTimeToken } from './identity/one-time-token.ts'
export { defaultRates, type Rate, type Rates } from './limits/token-bucket.ts'
export { createLog, type RequestLine, type ServerLog } from './observe/log.ts'
export { access, type EndpointId } from './route/access.ts'
export type {
  ActingLedger,
  CertificateView,
  DacAnswer,
  DacCall,
  DacIssuer,
  OrderView,
  RevocationStore,
  RevocationView,
  ServerLedger,
} from './route/service.ts'
export { startServer, type ListenOptions, type RunningServer, type ServerParts } from './server.ts'
export {
  createServiceCa,
  loadServiceCa,
  storeServiceCa,
  type ServiceCa,
  type SettingStore,
} from './service-ca/service-ca.ts'
export type { Principal, VerifierEndpoint, VerifierRequest } from './verifier/endpoint.ts'
export type { VerifierParts } from './verifier/parts.ts'
export type { VerifierTls } from './verifier/http/listener.ts'
export type { AppraisalRecord, VerifierRecord, VerifierStore } from './verifier/port.ts'
export {
  verifierSettings,
  type VerifierSettings,
  type VerifierSettingsInput,
} from './verifier/settings.ts'
export {
  startVerifier,
  type RunningVerifier,
  type VerifierListenOptions,
} from './verifier/start.ts'
export { drawApiKey, type ApiKey } from './verifier/credential/api-key.ts'
export { hashPassword } from './verifier/credential/password-hash.ts'
export { verifierRoles, type VerifierRole } from './verifier/port.ts'
export { rotateNonceKey, rotateResultKey, type RotationParts } from './verifier/key/rotate.ts'
