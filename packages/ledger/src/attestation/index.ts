export { registerDevice, revokeDevices, type UnitDevice } from '../store/device-keys.ts'
export { Appraisals, type RecordedAppraisal } from './appraisals.ts'
export { Authorities, type Authority, type Denial } from './authorities.ts'
export { Corims, type SubmittedCorim } from './corims.ts'
export { Credentials, type StoredCredential } from './credentials.ts'
export { Devices, type CertifiedDevice, type DeviceName } from './devices.ts'
export { Endorsements } from './endorsements.ts'
export { Policies, type StoredPolicy } from './policies.ts'
export {
  attestationOf,
  AttestationRecord,
  openAttestationRecord,
  type AttestationRecordOptions,
  type AttestationSettings,
} from './record.ts'
export { Sessions, type AttestationSession, type SessionSubmission } from './sessions.ts'
export { AttestationTenant } from './tenant.ts'
export { SqlTrustStore } from './trust-store.ts'
export { UsedNonces, type NonceUse } from './used-nonces.ts'
