import type { Migration } from './migration.ts'

/** Life after the verdict: units that are reworked, with what they were before, and units that are scrapped. */
export const version5: Migration = {
  version: 5,
  statements: ({ integer, table }) => [
    `alter table unit add column attempt ${integer} not null default 1 check (attempt >= 1)`,
    `alter table unit add column scrapped_at ${integer}`,
    `create table rework (
      unit_id text not null references unit (id),
      attempt ${integer} not null check (attempt >= 2),
      reason text not null,
      note text,
      board_uid text,
      certificate_sha256 text,
      verdict text not null,
      decided_at ${integer} not null,
      new_secrets ${integer} not null check (new_secrets in (0, 1)),
      opened_at ${integer} not null,
      closed_at ${integer},
      constraint rework_pkey primary key (unit_id, attempt)
    ) ${table}`,
    `create unique index rework_open on rework (unit_id) where closed_at is null`,
    `create table scrap (
      unit_id text not null references unit (id),
      reason text not null,
      note text,
      returned ${integer} not null check (returned >= 0),
      approved_by text,
      scrapped_at ${integer} not null,
      constraint scrap_pkey primary key (unit_id),
      constraint scrap_approval check (returned = 0 or approved_by is not null)
    ) ${table}`,
  ],
}
