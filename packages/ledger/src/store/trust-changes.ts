import type { LedgerTransaction } from '../database/database.ts'
import type { TrustChangeRow } from '../database/attestation-schema.ts'
import { listStatement, statement, type Values } from '../database/statement.ts'
import { LedgerError } from '../errors.ts'

/** Something that other processes may hold in memory and must forget. */
export type TrustChange = Omit<TrustChangeRow, 'seq'>

/** Rows of the feed that are kept. Who has read none of them forgets everything. */
export const keptChanges = 100_000

const rowsTogether = 100

// The row of the audit head: changes get their numbers in the order in which they are committed.
const takeNumbers = statement((db, { count }: Values<{ count: number }>) =>
  db
    .updateTable('ledger_head')
    .set((eb) => ({ trust_seq: eb('trust_seq', '+', count) }))
    .where('id', '=', 1)
    .returning('trust_seq'),
)

const insertChanges = listStatement((db, items: readonly Values<TrustChangeRow>[]) =>
  db
    .insertInto('trust_change')
    .values(items.map(({ seq, tenant, kind, subject }) => ({ seq, tenant, kind, subject }))),
)

const dropOld = statement((db, { last }: Values<{ last: number }>) =>
  db.deleteFrom('trust_change').where('seq', '<=', last),
)

/**
 * Tells every process what it must forget, once the transaction is committed. From here on other acts wait, as they do
 * for the audit chain.
 */
export async function announceChanges(
  tx: LedgerTransaction,
  changes: readonly TrustChange[],
): Promise<void> {
  if (changes.length === 0) return
  const [head] = await takeNumbers(tx, { count: changes.length })
  if (head === undefined) {
    throw new LedgerError('LEDGER_DAMAGED', 'the ledger has lost its head row')
  }
  const first = head.trust_seq - changes.length + 1
  const rows = changes.map((change, index) => ({ ...change, seq: first + index }))
  for (let start = 0; start < rows.length; start += rowsTogether) {
    await insertChanges(tx, rows.slice(start, start + rowsTogether))
  }
  await dropOld(tx, { last: head.trust_seq - keptChanges })
}
