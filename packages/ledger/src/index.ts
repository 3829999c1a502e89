export { auditLines } from './audit/lines.ts'
export { AuditHead, AuditRecord, type AuditData, type AuditType } from './audit/record.ts'
export { auditRules, verifyAuditExport, type AuditReport } from './audit/verify.ts'
export { LedgerError, ledgerErrorTable, type LedgerErrorCode } from './errors.ts'
export { Ledger, openLedger, type LedgerLocation, type LedgerOptions } from './ledger.ts'
export {
  batchSerialNumber,
  batchUnitId,
  type Batch,
  type BatchChunk,
  type BatchFileEnd,
  type BatchUnit,
} from './store/batches.ts'
export type { CertificateRecord, IssuanceAnswer, IssuanceEntry } from './store/certificates.ts'
export type { OrderStatus, SerialPool } from './store/orders.ts'
export type { UnitReport } from './store/report.ts'
export type { ReservedUnit } from './store/units.ts'
