export { auditLines } from './audit/lines.ts'
export { AuditHead, AuditRecord, type AuditData, type AuditType } from './audit/record.ts'
export { auditRules, verifyAuditExport, type AuditReport } from './audit/verify.ts'
export { LedgerError, ledgerErrorTable, type LedgerErrorCode } from './errors.ts'
export {
  Ledger,
  openLedger,
  type LedgerLocation,
  type LedgerOptions,
  type UnitReport,
} from './ledger.ts'
export type { CertificateRecord, IssuanceAnswer, IssuanceEntry } from './store/certificates.ts'
export type { OrderStatus, SerialPool } from './store/orders.ts'
export type { ReservedUnit } from './store/units.ts'
