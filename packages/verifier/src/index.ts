export { appraise, type AppraisalInput, type DeviceAppraisal } from './appraise/appraise.ts'
export {
  differencesOf,
  matchComponents,
  type ComponentMatch,
  type Difference,
} from './appraise/components.ts'
export type { AppraisalSettings } from './appraise/settings.ts'
export { TrustValue, uniformVector, type FullTrustVector } from './appraise/trust-value.ts'
export { authenticate } from './authenticate/authenticate.ts'
export { requireBinding, verifyChain, type CertifiedKey } from './authenticate/certificate-chain.ts'
export {
  chooseKey,
  type ChosenKey,
  type KeyOrigin,
  type KnownKeys,
} from './authenticate/choose-key.ts'
export { decodeEvidence, type Decoded } from './decode/evidence.ts'
export type { Refusal, RefusalStage } from './decode/refusal.ts'
export { keyThumbprint, type AcceptedSigners } from './endorse/corim-signer.ts'
export {
  importCorim,
  type ImportCount,
  type ImportOptions,
  type ImportReport,
} from './endorse/import-corim.ts'
export { VerifierError, verifierErrorTable, type VerifierErrorCode } from './errors.ts'
export {
  describeComponent,
  explainComponents,
  type ComponentExplanation,
} from './explain/explain.ts'
export { applyPolicy, type PolicyOutcome } from './policy/apply.ts'
export {
  compilePolicy,
  type CompiledPolicy,
  type PolicyEffect,
  type PolicyRule,
} from './policy/compile.ts'
export { policyInput, type PolicyFacts, type PolicyInput } from './policy/input.ts'
export {
  jwkThumbprint,
  jwsAlgorithms,
  publicJwk,
  resultSigner,
  type JwsAlgorithm,
  type ResultKey,
  type ResultSigner,
} from './result/jws.ts'
export {
  makeResult,
  psaScheme,
  unresolvedResult,
  type ResultContext,
} from './result/make-result.ts'
export { readResult, signResult } from './result/result-token.ts'
export {
  anchorCurves,
  type AnchorCurve,
  type AnchorKey,
  type AnchorState,
  type TrustAnchor,
} from './store/anchor.ts'
export { BoundedCache } from './store/bounded-cache.ts'
export {
  authorityName,
  certificateAnchor,
  deviceSubjectPrefixes,
  type CertificateAnchor,
  type CertificateAnchorInput,
  type CertificateTrust,
  type DenyList,
} from './store/certificate-anchor.ts'
export { CompactAnchors, type EcAnchor } from './store/compact-anchors.ts'
export { KeyCache } from './store/key-cache.ts'
export { MemoryTrustStore } from './store/memory-store.ts'
export { noReferences, referencePrint, ReferenceSet } from './store/reference-set.ts'
export type {
  Answer,
  EndorsementStore,
  EndorsementTransaction,
  Placement,
  StatementSource,
  TrustStore,
} from './store/trust-store.ts'
export type {
  Contraindicated,
  CouldNotCheck,
  Genuine,
  JudgedAppraisal,
  Verdict,
  Verification,
} from './verdict/verdict.ts'
export { verifyEvidence, type VerificationContext } from './verify/verify.ts'
export {
  drawnNonceLength,
  openSession,
  sealSession,
  type Session,
} from './session/stateless-session.ts'
