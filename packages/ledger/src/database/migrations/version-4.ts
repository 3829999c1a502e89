import type { ColumnTypes, Migration } from './migration.ts'

/** Members, revocations with their lists, jobs, and who keeps checkpoints of the ledger. */
export const version4: Migration = {
  version: 4,
  statements: (types) => {
    const { octets, integer, table, heap } = types
    return [
      `create table member (
        name text not null,
        role text not null check (role in ('owner', 'officer', 'station', 'operator', 'auditor')),
        state text not null check (state in ('invited', 'active', 'blocked')),
        token_sha256 text,
        token_expires_at ${integer},
        block_reason text,
        created_at ${integer} not null,
        constraint member_pkey primary key (name),
        constraint member_token check ((token_sha256 is null) = (token_expires_at is null)),
        constraint member_block check ((state = 'blocked') = (block_reason is not null))
      ) ${table}`,
      `create table member_key (
        spki_sha256 text not null,
        name text not null references member (name),
        certificate_sha256 text not null,
        not_after ${integer} not null,
        is_newest ${integer} not null check (is_newest in (0, 1)),
        constraint member_key_pkey primary key (spki_sha256)
      ) ${table}`,
      `create index member_key_by_name on member_key (name)`,
      `create table revocation_list (
        issuer_key_id text not null,
        number ${integer} not null check (number >= 0),
        revocations ${integer} not null check (revocations >= 0),
        constraint revocation_list_pkey primary key (issuer_key_id)
      ) ${table}`,
      `create table crl (
        issuer_key_id text not null references revocation_list (issuer_key_id),
        number ${integer} not null,
        revocations ${integer} not null,
        this_update ${integer} not null,
        next_update ${integer} not null,
        der ${octets} not null,
        constraint crl_pkey primary key (issuer_key_id)
      ) ${heap}`,
      `create table revocation (
        issuer_key_id text not null references revocation_list (issuer_key_id),
        place ${integer} not null check (place >= 1),
        serial_number text not null,
        certificate_sha256 text,
        reason text not null,
        revoked_at ${integer} not null,
        constraint revocation_pkey primary key (issuer_key_id, place),
        constraint revocation_serial_number unique (issuer_key_id, serial_number)
      ) ${table}`,
      `create table checkpoint_holder (
        id text not null,
        folder text not null,
        opened_at ${integer} not null,
        epoch ${integer} not null,
        constraint checkpoint_holder_pkey primary key (id)
      ) ${table}`,
      `create table lost (
        kind text not null check (kind in ('order', 'pool')),
        name text not null,
        value ${integer} not null,
        constraint lost_pkey primary key (kind, name)
      ) ${table}`,
      `alter table ledger_head add column epoch ${integer} not null default 1`,
      ...(types.isClustered ? jobs(types) : []),
    ]
  },
}

/** SQLite alone has them here: on PostgreSQL the queue brings its own tables. */
function jobs({ integer, heap }: ColumnTypes): readonly string[] {
  return [
    `create table job (
      id ${integer} primary key,
      name text not null,
      payload text not null,
      job_key text,
      run_at ${integer} not null,
      locked_until ${integer} not null,
      attempts ${integer} not null,
      last_error text
    ) ${heap}`,
    `create index job_by_time on job (run_at)`,
    `create unique index job_waiting on job (job_key) where locked_until = 0`,
  ]
}
