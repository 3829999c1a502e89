export { buildDac, checkIssuing, type DacInput } from './build/build-dac.ts'
export type { SubjectEncoding } from './build/dac-name.ts'
export type { DacSubject } from './build/dac-template.ts'
export { issuingRules, type IssuingRule } from './build/issuing-rules.ts'
export { readPai, type Pai } from './build/pai.ts'
export { drawSerialNumber } from './build/serial-number.ts'
export { IssuerError, issuerErrorTable, type IssuerErrorCode } from './errors.ts'
export type { CertificateAuthority, FurtherAuthority } from './issue/authority.ts'
export type {
  IssuanceAnswer,
  IssuanceEntry,
  IssuanceOrder,
  IssuanceProspect,
  IssuanceQuestion,
  IssuanceStore,
  UnitIdentity,
} from './issue/issuance-store.ts'
export { DacSeries, type DacSeriesInput, type SeriesDac } from './issue/dac-series.ts'
export { issueDac, type IssueDacInput, type IssueDacResult } from './issue/issue-dac.ts'
export {
  createLocalIssuer,
  type DacChain,
  type DacRequest,
  type IssuedDac,
  type LocalIssuer,
  type LocalIssuerOptions,
} from './issue/local-issuer.ts'
export { storeRefusalCodes } from './issue/store-refusal.ts'
export {
  lintAnyDac,
  lintPaa,
  lintPai,
  roleOf,
  type LintAnyDacInput,
  type LintPaiInput,
} from './lint/lint-certificate.ts'
export { createDacLint, lintDac, type DacLint, type LintInput } from './lint/lint-dac.ts'
export type { LintRole } from './lint/lint-profile.ts'
export { lintRules, type LintRule } from './lint/lint-rules.ts'
export {
  certifyPaa,
  certifyPai,
  createPki,
  type CaInput,
  type CertifiedKey,
  type PaaInput,
  type PaiInput,
  type Pki,
  type PkiInput,
} from './pki/create-pki.ts'
export {
  pkiFiles,
  type CertifiedKeyFile,
  type PkiFile,
  type PkiFilesInput,
} from './pki/pki-files.ts'
export { isTestVendorId, publishedKeyName } from './policy/policy.ts'
export { publishedKeys } from './policy/published-keys.ts'
export { checkRequest, type RequestCheck, type RequestContext } from './request/check-request.ts'
export { requestRules, type RequestRule } from './request/request-rules.ts'
export { FileSigner, openFileSigner, type FileSignerInput } from './signer/file-signer.ts'
export { guardedSigner, type GuardedSignerInput } from './signer/guarded-signer.ts'
export { custodyOf, type HeldSigner, type KeyCustody } from './signer/held-signer.ts'
export { openSigner, type OpenSignerInput } from './signer/open-signer.ts'
export {
  makePkcs11Key,
  openPkcs11Signer,
  type Pkcs11Signer,
  type Pkcs11SignerOptions,
} from './signer/pkcs11-signer.ts'
export {
  formatPkcs11Uri,
  isPkcs11Uri,
  parsePkcs11Uri,
  type Pkcs11Uri,
} from './signer/pkcs11-uri.ts'
export { type SignatureClaim, type SignatureVerifier } from './verify/signature-verifier.ts'
export { VerifierThreads } from './verify/verifier-threads.ts'
export { SignatureCounter, type SignatureCounterOptions } from './signer/signature-counter.ts'
export { connectSigner, isSignerAddress, type SignerClientOptions } from './signer/signer-client.ts'
export {
  decodeSignerMessage,
  encodeSignerMessage,
  SignerFrames,
  type SignerMessage,
} from './signer/signer-protocol.ts'
export { serveSigner, type SignerServer, type SignerServerOptions } from './signer/signer-server.ts'
export {
  createSigningCheck,
  type SigningPurpose,
  type SigningCheck,
} from './signer/signing-check.ts'
export {
  distributionPoint,
  type DistributionPoint,
  type DistributionPointInput,
} from './revocation/distribution-point.ts'
export { ListBuilder, type ListBuilderOptions } from './revocation/build-list.ts'
export {
  listSignerFindings,
  openListAuthority,
  type ListAuthority,
  type ListAuthorityInput,
} from './revocation/list-authority.ts'
export { createListJobs, type ListAlarm, type ListJobsOptions } from './revocation/list-jobs.ts'
export {
  defaultListPolicy,
  listState,
  type ListPolicy,
  type ListState,
} from './revocation/list-life.ts'
export type {
  KeptList,
  ListedRevocation,
  ListSnapshot,
  ListStore,
} from './revocation/list-store.ts'
export { revocationRules, type RevocationRule } from './revocation/revocation-rules.ts'
export { revocationSetOf, type RevocationSetEntry } from './revocation/revocation-set.ts'
