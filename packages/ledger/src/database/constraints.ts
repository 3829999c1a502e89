import type { LedgerErrorCode } from '../errors.ts'

/** What a violated constraint means. */
export interface ConstraintEntry {
  /** How SQLite names a violated unique constraint; PostgreSQL uses its name. */
  readonly columns?: string
  readonly code: LedgerErrorCode
  readonly message: string
  /**
   * True when the same transaction, run again, sees the winner of a race and may answer by it.
   * Two equal requests violate several constraints; which one is named is chance.
   */
  readonly again?: boolean
}

/** The constraints that decide. The code around them only explains what they refused. */
export const constraints: Readonly<Record<string, ConstraintEntry>> = {
  work_order_pkey: {
    columns: 'work_order.id',
    code: 'LEDGER_ORDER_DIFFERS',
    message: 'the work order was recorded by another writer at the same time',
    again: true,
  },
  work_order_quantity: {
    code: 'LEDGER_QUOTA',
    message: 'the work order has no unit left',
  },
  work_order_quota: {
    code: 'LEDGER_QUOTA',
    message: 'the work order has no certificate left',
  },
  serial_pool_pkey: {
    columns: 'serial_pool.name',
    code: 'LEDGER_SERIAL_PATTERN',
    message: 'the serial pool was made by another writer at the same time',
    again: true,
  },
  batch_pkey: {
    columns: 'batch.id',
    code: 'LEDGER_BATCH_DIFFERS',
    message: 'the batch was opened by another writer at the same time',
    again: true,
  },
  unit_pkey: {
    columns: 'unit.id',
    code: 'LEDGER_UNIT_DIFFERS',
    message: 'the unit was made by another writer at the same time',
    again: true,
  },
  unit_serial_number: {
    columns: 'unit.serial_number, unit.vendor_id, unit.product_id',
    code: 'LEDGER_SERIAL_TAKEN',
    message: 'the serial number belongs to another unit of the product',
  },
  unit_board: {
    columns: 'unit.board_uid',
    code: 'LEDGER_BOARD_TAKEN',
    message: 'the board belongs to another live unit',
  },
  certificate_pkey: {
    columns: 'certificate.sha256',
    code: 'LEDGER_CERTIFICATE_SERIAL_TAKEN',
    message: 'the certificate is recorded already',
    again: true,
  },
  certificate_key: {
    columns: 'certificate.spki_sha256',
    code: 'LEDGER_KEY_TAKEN',
    message: 'the public key stands in another certificate',
    again: true,
  },
  certificate_serial_number: {
    columns: 'certificate.issuer_key_id, certificate.serial_number',
    code: 'LEDGER_CERTIFICATE_SERIAL_TAKEN',
    message: 'the issuer used this certificate serial number before',
    again: true,
  },
  certificate_idempotency: {
    columns: 'certificate.idempotency_key',
    code: 'LEDGER_IDEMPOTENCY',
    message: 'the idempotency key was used by another writer at the same time',
    again: true,
  },
  verdict_pkey: {
    columns: 'verdict.unit_id',
    code: 'LEDGER_VERDICT_DIFFERS',
    message: 'the unit was decided by another writer at the same time',
    again: true,
  },
  rework_pkey: {
    columns: 'rework.unit_id, rework.attempt',
    code: 'LEDGER_REWORK_OPEN',
    message: 'the unit was given to rework by another writer at the same time',
    again: true,
  },
  rework_open: {
    columns: 'rework.unit_id',
    code: 'LEDGER_REWORK_OPEN',
    message: 'the unit has an open rework ticket',
  },
  scrap_pkey: {
    columns: 'scrap.unit_id',
    code: 'LEDGER_UNIT_SCRAPPED',
    message: 'the unit was scrapped by another writer at the same time',
    again: true,
  },
  setting_pkey: {
    columns: 'setting.name',
    code: 'LEDGER_BUSY',
    message: 'the setting was made by another writer at the same time',
    again: true,
  },
  member_pkey: {
    columns: 'member.name',
    code: 'LEDGER_MEMBER_EXISTS',
    message: 'the member was invited by another writer at the same time',
    again: true,
  },
  member_key_pkey: {
    columns: 'member_key.spki_sha256',
    code: 'LEDGER_MEMBER_EXISTS',
    message: 'the key belongs to another member',
    again: true,
  },
  revocation_list_pkey: {
    columns: 'revocation_list.issuer_key_id',
    code: 'LEDGER_BUSY',
    message: 'the revocation list was begun by another writer at the same time',
    again: true,
  },
  revocation_serial_number: {
    columns: 'revocation.issuer_key_id, revocation.serial_number',
    code: 'LEDGER_BUSY',
    message: 'the certificate was revoked by another writer at the same time',
    again: true,
  },
  endorsement_tenant_pkey: {
    columns: 'endorsement_tenant.tenant',
    code: 'LEDGER_BUSY',
    message: 'the tenant was begun by another writer at the same time',
    again: true,
  },
  policy_pkey: {
    columns: 'policy.tenant, policy.scheme, policy.uuid',
    code: 'LEDGER_DATABASE',
    message: 'a policy of this UUID is there already',
  },
  policy_active: {
    columns: 'policy.tenant, policy.scheme',
    code: 'LEDGER_BUSY',
    message: 'another policy was activated at the same time',
    again: true,
  },
  attestation_session_pkey: {
    columns: 'attestation_session.tenant, attestation_session.id',
    code: 'LEDGER_DATABASE',
    message: 'a session of this id is open already',
  },
}
