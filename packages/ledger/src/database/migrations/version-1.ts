import { certificateBody } from './certificate-table.ts'
import type { Migration } from './migration.ts'

/** A line with its boards: orders, units, certificates, verdicts and the audit chain. */
export const version1: Migration = {
  version: 1,
  statements: ({ octets, integer, table }) => [
    `create table work_order (
      id text not null,
      document text not null,
      document_sha256 text not null,
      policy text not null check (policy in ('test', 'production')),
      vendor_id ${integer} not null,
      product_id ${integer} not null,
      pool text not null,
      quantity ${integer} not null,
      units_reserved ${integer} not null,
      last_sequence ${integer} not null,
      certificate_limit ${integer} not null,
      certificates_used ${integer} not null,
      state text not null check (state in ('open', 'closed')),
      created_at ${integer} not null,
      constraint work_order_pkey primary key (id),
      constraint work_order_quantity check (units_reserved between 0 and quantity),
      constraint work_order_quota check (certificates_used between 0 and certificate_limit)
    ) ${table}`,
    `create table serial_pool (
      name text not null,
      pattern text not null,
      next ${integer} not null check (next >= 1),
      constraint serial_pool_pkey primary key (name)
    ) ${table}`,
    `create table unit (
      id text not null,
      order_id text not null references work_order (id),
      sequence ${integer} not null,
      pool text not null references serial_pool (name),
      vendor_id ${integer} not null,
      product_id ${integer} not null,
      serial_number text not null,
      state text not null check (state in ('reserved', 'active', 'decided')),
      live ${integer} not null check (live in (0, 1)),
      board_uid text,
      created_at ${integer} not null,
      iterations ${integer} not null,
      sealed_discriminator ${octets} not null,
      sealed_passcode ${octets} not null,
      sealed_salt ${octets} not null,
      sealed_verifier ${octets} not null,
      constraint unit_pkey primary key (id),
      constraint unit_sequence unique (order_id, sequence),
      constraint unit_serial_number unique (serial_number, vendor_id, product_id)
    ) ${table}`,
    `create unique index unit_board on unit (board_uid) where live = 1`,
    `create table certificate ${certificateBody(octets, integer)} ${table}`,
    `create index certificate_by_unit on certificate (unit_id)`,
    `create table verdict (
      unit_id text not null references unit (id),
      verdict text not null check (verdict in ('PASS', 'FAIL', 'ERROR', 'QUARANTINE')),
      document text not null,
      decided_at ${integer} not null,
      constraint verdict_pkey primary key (unit_id)
    ) ${table}`,
    `create table setting (
      name text not null,
      sealed ${octets} not null,
      constraint setting_pkey primary key (name)
    ) ${table}`,
    `create table audit (
      seq ${integer} not null check (seq >= 1),
      time text not null,
      type text not null,
      actor text not null,
      data text not null,
      hash text not null,
      constraint audit_pkey primary key (seq)
    ) ${table}`,
    `create table ledger_head (
      id ${integer} not null check (id = 1),
      audit_seq ${integer} not null,
      audit_hash text not null,
      issued_at ${integer} not null,
      constraint ledger_head_pkey primary key (id)
    ) ${table}`,
    `insert into ledger_head (id, audit_seq, audit_hash, issued_at)
     values (1, 0, '${'0'.repeat(64)}', 0)`,
  ],
}
