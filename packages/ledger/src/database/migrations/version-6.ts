import type { ColumnTypes, Migration } from './migration.ts'

/** The record of the verifier of attestation tokens: whom it trusts, what it knows, and what it has judged. */
export const version6: Migration = {
  version: 6,
  statements: (types) => [
    `alter table ledger_head add column trust_seq ${types.integer} not null default 0`,
    ...trust(types),
    ...endorsements(types),
    ...service(types),
  ],
}

/** An instance has one key, whatever implementations it is known under. */
function trust({ octets, integer, table, heap }: ColumnTypes): readonly string[] {
  return [
    `create table trust_key (
      tenant text not null,
      instance_id ${octets} not null check (length(instance_id) = 33),
      kind text not null check (kind in ('P-256', 'P-384', 'P-521', 'symmetric')),
      key ${octets} not null,
      state text not null check (state in ('active', 'revoked')),
      unit_id text references unit (id),
      import ${integer},
      constraint trust_key_pkey primary key (tenant, instance_id)
    ) ${table}`,
    `create index trust_key_by_unit on trust_key (unit_id) where unit_id is not null`,
    `create table trust_anchor (
      tenant text not null,
      instance_id ${octets} not null,
      implementation_id ${octets} not null check (length(implementation_id) = 32),
      source ${integer},
      constraint trust_anchor_pkey primary key (tenant, instance_id, implementation_id),
      constraint trust_anchor_key foreign key (tenant, instance_id)
        references trust_key (tenant, instance_id)
    ) ${table}`,
    `create table x509_anchor (
      tenant text not null,
      sha256 text not null,
      subject text not null,
      der ${octets} not null,
      subject_prefixes text,
      accept_unregistered ${integer} not null check (accept_unregistered in (0, 1)),
      added_at ${integer} not null,
      constraint x509_anchor_pkey primary key (tenant, sha256)
    ) ${heap}`,
    `create table x509_denied (
      tenant text not null,
      kind text not null check (kind in ('serial-number', 'subject', 'key-hash')),
      value text not null,
      reason text not null,
      denied_at ${integer} not null,
      constraint x509_denied_pkey primary key (tenant, kind, value)
    ) ${table}`,
    `create table trust_change (
      seq ${integer} not null,
      tenant text not null,
      kind text not null check (kind in ('anchor', 'implementation', 'certificates', 'policy')),
      subject text,
      constraint trust_change_pkey primary key (seq)
    ) ${table}`,
  ]
}

function endorsements({ octets, integer, table, heap }: ColumnTypes): readonly string[] {
  return [
    `create table endorsement_tenant (
      tenant text not null,
      imports ${integer} not null check (imports >= 0),
      constraint endorsement_tenant_pkey primary key (tenant)
    ) ${table}`,
    `create table endorsement_source (
      tenant text not null,
      number ${integer} not null,
      corim_id text not null,
      not_before ${integer},
      not_after ${integer},
      constraint endorsement_source_pkey primary key (tenant, number),
      constraint endorsement_source_validity check (not_before is null or not_after is not null)
    ) ${table}`,
    `create index endorsement_source_by_corim on endorsement_source (tenant, corim_id)`,
    `create table reference_value (
      tenant text not null,
      implementation_id ${octets} not null check (length(implementation_id) = 32),
      print ${octets} not null,
      digests text not null,
      signer_id ${octets} not null,
      name text,
      version text,
      vendor text,
      model text,
      source ${integer} not null,
      constraint reference_value_pkey primary key (tenant, implementation_id, print)
    ) ${table}`,
    `create table certification (
      tenant text not null,
      implementation_id ${octets} not null check (length(implementation_id) = 32),
      number text not null,
      comid ${octets} not null,
      source ${integer} not null,
      constraint certification_pkey primary key (tenant, implementation_id, number)
    ) ${heap}`,
    `create table corim (
      tenant text not null,
      corim_id text not null,
      sha256 text not null,
      octets ${integer} not null,
      signer text,
      submitted_by text not null,
      submitted_at ${integer} not null,
      constraint corim_pkey primary key (tenant, corim_id)
    ) ${table}`,
    `create index corim_by_time on corim (tenant, submitted_at)`,
  ]
}

function service({ octets, integer, table, heap }: ColumnTypes): readonly string[] {
  return [
    `create table policy (
      tenant text not null,
      scheme text not null,
      uuid text not null,
      name text not null,
      type text not null,
      rules text not null,
      active ${integer} not null check (active in (0, 1)),
      created_at ${integer} not null,
      constraint policy_pkey primary key (tenant, scheme, uuid)
    ) ${heap}`,
    `create unique index policy_active on policy (tenant, scheme) where active = 1`,
    `create table attestation_session (
      tenant text not null,
      id text not null,
      nonce ${octets} not null,
      expires_at ${integer} not null,
      state text not null check (state in ('waiting', 'processing', 'complete', 'failed')),
      dialect text,
      media_type text,
      evidence ${octets},
      request_hash text,
      result text,
      constraint attestation_session_pkey primary key (tenant, id),
      constraint attestation_session_evidence check (state = 'waiting' or evidence is not null),
      constraint attestation_session_result check ((state = 'complete') = (result is not null))
    ) ${heap}`,
    `create index attestation_session_by_time on attestation_session (expires_at)`,
    `create table used_nonce (
      tenant text not null,
      nonce_key ${octets} not null check (length(nonce_key) <= 64),
      request_hash text not null,
      expires_at ${integer} not null,
      constraint used_nonce_pkey primary key (tenant, nonce_key)
    ) ${table}`,
    `create index used_nonce_by_time on used_nonce (expires_at)`,
    `create table appraisal (
      tenant text not null,
      at ${integer} not null,
      session_hash text not null,
      media_type text not null,
      evidence_hash text not null,
      implementation_id text,
      instance_id text,
      outcome text not null check (outcome in ('genuine', 'contraindicated', 'could-not-check')),
      status text,
      vector text,
      codes text not null,
      policy_id text,
      key_id text
    ) ${heap}`,
    `create index appraisal_by_time on appraisal (tenant, at)`,
    `create index appraisal_by_instance on appraisal (tenant, instance_id, at) where instance_id is not null`,
    `create table verifier_credential (
      name text not null,
      kind text not null check (kind in ('password', 'api-key')),
      roles text not null,
      verifier text not null,
      expires_at ${integer},
      created_at ${integer} not null,
      constraint verifier_credential_pkey primary key (name)
    ) ${table}`,
    `create index verifier_credential_by_key on verifier_credential (verifier) where kind = 'api-key'`,
  ]
}
