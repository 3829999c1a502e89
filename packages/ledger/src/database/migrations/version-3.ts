import type { Migration } from './migration.ts'

/**
 * Issuing for stations elsewhere: orders that pause, that name their stations and their time, and that keep to one PAI;
 * units whose secrets are on another ledger; the station behind a certificate.
 */
export const version3: Migration = {
  version: 3,
  statements: ({ integer }) => [
    `alter table work_order add column paused ${integer} not null default 0 check (paused in (0, 1))`,
    `alter table work_order add column stations text`,
    `alter table work_order add column opens_at ${integer}`,
    `alter table work_order add column closes_at ${integer}`,
    `alter table work_order add column issuer_key_id text`,
    `update work_order set issuer_key_id = (
      select issuer_key_id from certificate where order_id = work_order.id
      order by quota_number limit 1
    )`,
    `alter table unit add column remote ${integer} not null default 0 check (remote in (0, 1))`,
    `alter table certificate add column station_id text`,
  ],
}
