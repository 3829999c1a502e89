import { canonicalJson, parseJson } from '@keyline/bytes'
import type { Kysely } from 'kysely'
import type { AuditHead } from '../audit/record.ts'
import type { AuditRow, Tables } from '../database/schema.ts'
import { LedgerError } from '../errors.ts'

const pageSize = 500

/** Place and hash of the last audit record. */
export async function auditHead(db: Kysely<Tables>): Promise<AuditHead> {
  const head = await db
    .selectFrom('ledger_head')
    .select(['audit_seq', 'audit_hash'])
    .where('id', '=', 1)
    .executeTakeFirstOrThrow()
  return { seq: head.audit_seq, hash: head.audit_hash }
}

type Read = <T>(work: (db: Kysely<Tables>) => Promise<T>) => Promise<T>

/** Every record up to the head as one line of the export, without the line feed; read in pages. */
export async function* auditLines(head: AuditHead, read: Read): AsyncGenerator<string> {
  let after = 0
  while (after < head.seq) {
    const rows = await read((db) => auditPage(db, after, head.seq))
    if (rows.length === 0) return
    for (const row of rows) {
      yield canonicalJson({ ...row, data: parseJson(row.data, `data of audit record ${row.seq}`) })
      after = row.seq
    }
  }
}

/** One page of records behind `after`, up to `last`. */
function auditPage(db: Kysely<Tables>, after: number, last: number): Promise<readonly AuditRow[]> {
  return db
    .selectFrom('audit')
    .selectAll()
    .where('seq', '>', after)
    .where('seq', '<=', last)
    .orderBy('seq')
    .limit(pageSize)
    .execute()
}

/** @throws LedgerError `LEDGER_RESTORED` when the ledger does not contain what the head has seen */
export async function checkHead(db: Kysely<Tables>, head: AuditHead): Promise<void> {
  if (head.seq === 0) return
  const row = await db
    .selectFrom('audit')
    .select('hash')
    .where('seq', '=', head.seq)
    .executeTakeFirst()
  if (row?.hash === head.hash) return
  const found = row === undefined ? 'does not reach it' : 'has another record there'
  throw new LedgerError(
    'LEDGER_RESTORED',
    `a manifest has seen audit record ${head.seq}, and the ledger ${found}`,
  )
}
