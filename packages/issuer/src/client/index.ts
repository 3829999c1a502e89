export type { DacChain, DacRequest } from '../issue/local-issuer.ts'
export {
  authoritiesOf,
  caCertificates,
  type AuthorityWishes,
  type CaCertificatesOptions,
} from './authorities.ts'
export { checkedIssuer, type AnswerTrust } from './checked-issuer.ts'
export { createEstIssuer, type EstIssuerOptions, type UpperChain } from './est-issuer.ts'
export { readCertificates } from './est-message.ts'
export type { HttpIssuerOptions } from './http-issuer.ts'
export type { ExchangeOptions, HttpAnswer, HttpRequest, HttpTransport } from './http-transport.ts'
export {
  createHttpsTransport,
  type ClientCredentials,
  type HttpsTransportOptions,
} from './https-transport.ts'
export type { IssueOptions, IssuerClient, IssuerHealth } from './issuer-client.ts'
export { commonNameOf, enrolMember, renewMember, type MembershipOptions } from './membership.ts'
export { readOrder, requireOrderOpen, type OrderQuestion } from './order-status.ts'
export type { PoolItem } from './pool-folder.ts'
export { createPoolIssuer, type PoolIssuer, type PoolIssuerOptions } from './pool-issuer.ts'
export { createProgramIssuer, type ProgramIssuerOptions } from './program-issuer.ts'
export { readRecall, recallDac, type RecalledDac, type RecallQuestion } from './recall.ts'
export { recordedIssuer, type RecordOptions } from './recorded-issuer.ts'
export { refusalOf } from './refusal.ts'
export { createRestIssuer, readDacAnswer } from './rest-issuer.ts'
export { retryAfterMs } from './retry.ts'
export { callServer, type ServerApiOptions, type ServerCall } from './server-api.ts'
export { watchSkew, type SkewWatch } from './skew-watch.ts'
