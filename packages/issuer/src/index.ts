export { buildDac, checkIssuing, type DacInput } from './build/build-dac.ts'
export type { SubjectEncoding } from './build/dac-name.ts'
export type { DacSubject } from './build/dac-template.ts'
export { issuingRules, type IssuingRule } from './build/issuing-rules.ts'
export { readPai, type Pai } from './build/pai.ts'
export { drawSerialNumber } from './build/serial-number.ts'
export { IssuerError, issuerErrorTable, type IssuerErrorCode } from './errors.ts'
export type { IssuanceEntry, IssuanceOrder, IssuanceStore } from './issue/issuance-store.ts'
export { DacSeries, type DacSeriesInput, type SeriesDac } from './issue/dac-series.ts'
export { issueDac, type IssueDacInput, type IssueDacResult } from './issue/issue-dac.ts'
export {
  createLocalIssuer,
  type DacChain,
  type DacRequest,
  type LocalIssuer,
  type LocalIssuerOptions,
} from './issue/local-issuer.ts'
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
export { createPki, type CertifiedKey, type Pki, type PkiInput } from './pki/create-pki.ts'
export { FileSigner, openFileSigner, type FileSignerInput } from './pki/file-signer.ts'
export { pkiFiles, type PkiFile, type PkiFilesInput } from './pki/pki-files.ts'
export { isTestVendorId, publishedKeyName } from './policy/policy.ts'
export { publishedKeys } from './policy/published-keys.ts'
export { checkRequest, type RequestCheck, type RequestContext } from './request/check-request.ts'
export { requestRules, type RequestRule } from './request/request-rules.ts'
