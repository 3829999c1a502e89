export {
  returnableReasons,
  reworkReasons,
  scrapReasons,
  type ReworkReason,
  type ScrapReason,
} from './aftercare.ts'
export { chainHash, chainLine, chainStart } from './chain.ts'
export { AnyOrder, DeviceOrder } from './device-order.ts'
export { JournalRecord, journalVersion } from './journal-record.ts'
export {
  isManifestSigned,
  Manifest,
  signManifest,
  type ManifestBody,
  type ManifestUnit,
} from './manifest.ts'
export { OrderAttestation } from './order-attestation.ts'
export { SlotsFile, StationCheck } from './station-file.ts'
export { UnitState, type Unit, type UnitSecrets } from './unit.ts'
export { PlainUnitLine, SealedUnitLine, UnitContent, UnitFileHeader } from './unit-file.ts'
export {
  Evidence,
  EvidenceKind,
  marksOf,
  Verdict,
  VerdictRecord,
  type UnitMark,
} from './verdict.ts'
export { MatterPlatform, Platform, Policy, WorkOrder, type WorkOrderInput } from './work-order.ts'
