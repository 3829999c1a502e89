import { certificateBody } from './certificate-table.ts'
import type { ColumnTypes, Migration } from './migration.ts'

/** Units that are generated in batches; certificates in the order they came. */
export const version2: Migration = {
  version: 2,
  statements: (types) => [
    `create table batch (
      id text not null,
      order_id text not null references work_order (id),
      units ${types.integer} not null check (units >= 1),
      recorded ${types.integer} not null,
      first_sequence ${types.integer} not null,
      first_number ${types.integer} not null,
      first_quota_number ${types.integer} not null,
      file_octets ${types.integer} not null,
      chunk_octets ${types.integer} not null,
      chunk_sha256 text not null,
      created_at ${types.integer} not null,
      constraint batch_pkey primary key (id),
      constraint batch_recorded check (recorded between 0 and units)
    ) ${types.table}`,
    `create index batch_by_order on batch (order_id)`,
    `alter table unit add column batch_id text references batch (id)`,
    ...(types.isClustered ? certificatesAsHeap(types) : []),
  ],
}

/**
 * Certificates in the order they came: their key is a hash, so that in its order each new row would touch a page of its
 * own, and every index would hold the hash once more.
 */
function certificatesAsHeap({ octets, integer, heap }: ColumnTypes): readonly string[] {
  return [
    `create table certificate_heap ${certificateBody(octets, integer)} ${heap}`,
    `insert into certificate_heap select * from certificate order by issued_at, quota_number`,
    `drop table certificate`,
    `alter table certificate_heap rename to certificate`,
    `create index certificate_by_unit on certificate (unit_id)`,
  ]
}
