import type { Generated, Selectable } from 'kysely'
import type { AttestationTables } from './attestation-schema.ts'

/** The newest schema, as the code sees it. 64-bit integers are numbers: none of them passes 2^53. */
export interface Tables extends AttestationTables {
  readonly schema_version: { version: number; applied_at: number }
  readonly work_order: WorkOrderRow
  readonly serial_pool: { name: string; pattern: string; next: number }
  readonly batch: BatchRow
  readonly unit: UnitTable
  readonly certificate: CertificateRow
  readonly verdict: VerdictRow
  readonly rework: ReworkRow
  readonly scrap: ScrapRow
  readonly setting: { name: string; sealed: Uint8Array }
  readonly audit: AuditRow
  readonly ledger_head: HeadRow
  readonly member: MemberRow
  readonly member_key: MemberKeyRow
  readonly revocation_list: RevocationListRow
  readonly revocation: RevocationRow
  readonly crl: CrlRow
  readonly job: JobRow
  readonly checkpoint_holder: CheckpointHolderRow
  /** What a restored ledger is known to have lost: orders by id, pools by name with their next number. */
  readonly lost: { kind: 'order' | 'pool'; name: string; value: number }
}

export interface WorkOrderRow {
  id: string
  /** Canonical JSON of the whole order. */
  document: string
  document_sha256: string
  policy: 'test' | 'production'
  vendor_id: number
  product_id: number
  pool: string
  quantity: number
  /** Units that are open or made; failed ones give their place back. */
  units_reserved: number
  last_sequence: number
  certificate_limit: number
  certificates_used: number
  state: 'open' | 'closed'
  /** 1 while an open order stands still. */
  paused: 0 | 1
  /** JSON array of the stations that may ask; null: all. */
  stations: string | null
  opens_at: number | null
  closes_at: number | null
  /** Key identifier of the one PAI of the order, once a certificate is recorded. */
  issuer_key_id: string | null
  created_at: number
}

/** Units that are generated without boards, into a file. */
export interface BatchRow {
  id: string
  order_id: string
  units: number
  /** How many of them are recorded: always the first ones. */
  recorded: number
  /** Of the first unit; the others follow without gaps. */
  first_sequence: number
  first_number: number
  first_quota_number: number
  /** Length of the file up to the end of the last recorded unit, once one is recorded. */
  file_octets: number
  /** What was recorded last: its length in the file, and its SHA-256. */
  chunk_octets: number
  chunk_sha256: string
  created_at: number
}

export interface UnitRow {
  id: string
  order_id: string
  sequence: number
  pool: string
  vendor_id: number
  product_id: number
  serial_number: string
  state: 'reserved' | 'active' | 'decided'
  /** 1 while the identity may be in use: in work, passed, or in an unknown state. */
  live: 0 | 1
  board_uid: string | null
  /** Set where the unit was generated and never had a board. */
  batch_id: string | null
  /** 1 where the secrets are on the ledger of the station that asked. */
  remote: 0 | 1
  created_at: number
  iterations: number
  sealed_discriminator: Uint8Array
  sealed_passcode: Uint8Array
  sealed_salt: Uint8Array
  sealed_verifier: Uint8Array
}

/** With what a new unit does not have yet. */
export interface UnitTable extends UnitRow {
  /** Which making of the unit it is: 1, and one more for each rework. */
  attempt: Generated<number>
  scrapped_at: Generated<number | null>
}

export type StoredUnitRow = Selectable<UnitTable>

/** A ticket to make a unit again, with what the unit was before. */
export interface ReworkRow {
  unit_id: string
  /** Which making of the unit it opened: 2, 3, … */
  attempt: number
  reason: string
  note: string | null
  board_uid: string | null
  /** The certificate that was live before. */
  certificate_sha256: string | null
  /** Canonical JSON of the verdict before. */
  verdict: string
  decided_at: number
  /** 1 where passcode, salt, verifier and discriminator were drawn anew. */
  new_secrets: 0 | 1
  opened_at: number
  /** Null until the unit has its next final verdict, or is scrapped. */
  closed_at: number | null
}

/** A unit that is no more. */
export interface ScrapRow {
  unit_id: string
  reason: string
  note: string | null
  /** Certificates that the order may issue again for it. */
  returned: number
  approved_by: string | null
  scrapped_at: number
}

export interface CertificateRow {
  sha256: string
  order_id: string
  unit_id: string
  /** Which unit of the order's quota it used: 1, 2, 3, … */
  quota_number: number
  issuer_key_id: string
  serial_number: string
  spki_sha256: string
  idempotency_key: string
  request_hash: string
  der: Uint8Array
  state: 'live' | 'void'
  void_reason: string | null
  issued_at: number
  /** Who asked, where it asked over the network. */
  station_id: string | null
}

export interface VerdictRow {
  unit_id: string
  verdict: 'PASS' | 'FAIL' | 'ERROR' | 'QUARANTINE'
  /** Canonical JSON of the verdict record with its evidence. */
  document: string
  decided_at: number
}

export interface AuditRow {
  seq: number
  time: string
  type: string
  actor: string
  /** Canonical JSON. */
  data: string
  hash: string
}

/** The one row that every act touches: end of the audit chain, and the latest time of issuing. */
export interface HeadRow {
  id: 1
  audit_seq: number
  audit_hash: string
  issued_at: number
  /** How many lives the ledger has had: each restored backup begins another. */
  epoch: number
  /** Number of the newest row of `trust_change`. */
  trust_seq: Generated<number>
}

/** A person or a station that authenticates by a client certificate. */
export interface MemberRow {
  name: string
  role: 'owner' | 'officer' | 'station' | 'operator' | 'auditor'
  state: 'invited' | 'active' | 'blocked'
  /** Of the one-time token, until it is used. */
  token_sha256: string | null
  token_expires_at: number | null
  block_reason: string | null
  created_at: number
}

/** Keys of members: the newest one, and the one it was renewed with. */
export interface MemberKeyRow {
  spki_sha256: string
  name: string
  certificate_sha256: string
  not_after: number
  is_newest: 0 | 1
}

/** Counters of an issuer's list. The row is locked while one of its certificates is revoked. */
export interface RevocationListRow {
  issuer_key_id: string
  /** Of the list that was opened last. */
  number: number
  /** How many revocations there are; they have the places 1 to this. */
  revocations: number
}

/** Rows are added and never changed, so that the first n of an issuer are the same for ever. */
export interface RevocationRow {
  issuer_key_id: string
  place: number
  serial_number: string
  certificate_sha256: string | null
  reason: string
  revoked_at: number
}

/** The newest list of an issuer. */
export interface CrlRow {
  issuer_key_id: string
  number: number
  /** How many revocations stand in it: the first ones. */
  revocations: number
  this_update: number
  next_update: number
  der: Uint8Array
}

/** Work to be done once the act it was added by is committed. SQLite alone has the table. */
export interface JobRow {
  id: Generated<number>
  name: string
  /** Canonical JSON. */
  payload: string
  /** Of several jobs with one key that wait, one is enough. */
  job_key: string | null
  run_at: number
  /** Until then a runner has it; 0 while it waits. */
  locked_until: number
  attempts: number
  last_error: string | null
}

/** Who keeps a checkpoint of this ledger outside of it. */
export interface CheckpointHolderRow {
  id: string
  /** Host and folder. */
  folder: string
  opened_at: number
  /** Since when its checkpoint is known to be met. */
  epoch: number
}
