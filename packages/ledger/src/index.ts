export { auditLines } from './audit/lines.ts'
export { AuditHead, AuditRecord, type AuditData, type AuditType } from './audit/record.ts'
export { auditRules, verifyAuditExport, type AuditReport } from './audit/verify.ts'
export { LedgerError, ledgerErrorTable, type LedgerErrorCode } from './errors.ts'
export { Ledger } from './ledger.ts'
export { openLedger, type LedgerLocation, type LedgerOptions } from './open-ledger.ts'
export type { GivenIdentity } from './store/adopt.ts'
export {
  batchSerialNumber,
  batchUnitId,
  type Batch,
  type BatchChunk,
  type BatchFileEnd,
  type BatchUnit,
} from './store/batches.ts'
export type { CertificateRecord } from './store/certificates.ts'
export type { IssuanceAnswer, IssuanceEntry } from './store/issuance.ts'
export type { OrderStatus, SerialPool } from './store/orders.ts'
export type { IssuanceProspect, IssuanceQuestion, IssuedBefore } from './store/prospects.ts'
export type { RemoteIdentity } from './store/remote-units.ts'
export type { UnitReport } from './store/report.ts'
export { Aftercare, defaultMaxAttempts, type NewRework } from './store/aftercare.ts'
export type { ReworkRecord } from './store/rework.ts'
export type { ScrapOrder, ScrapRecord } from './store/scrap.ts'
export type { ReservedUnit } from './store/units.ts'
export {
  ledgerRevocationReasons,
  type LedgerRevocationReason,
  type Revocation,
  type RevokeInput,
  type RevokeSerialInput,
} from './store/revocations.ts'
export { crlBuildJob, RevocationLists, type CrlSnapshot, type StoredCrl } from './store/crl.ts'
export {
  type JobFailure,
  type JobHandler,
  type JobOptions,
  type JobPayload,
  Jobs,
  type RunningJobs,
  type RunOptions,
} from './store/jobs.ts'
export {
  type Enrolment,
  type Invitation,
  type Member,
  type MemberCertificate,
  type MemberRole,
  memberRoles,
  Members,
  type Renewal,
} from './store/members.ts'
export { reconcileLedger, type ReconcileOptions, type Reconciliation } from './reconcile.ts'
export { type CheckpointOptions, Checkpoints } from './store/checkpoint.ts'
export type { Lift } from './store/checkpoint-reconcile.ts'
