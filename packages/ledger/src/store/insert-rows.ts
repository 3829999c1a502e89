import type { CompiledQuery } from 'kysely'
import type { LedgerTransaction } from '../database/database.ts'
import type { AuditRow, CertificateRow, UnitRow } from '../database/schema.ts'

interface BulkRows {
  readonly audit: AuditRow
  readonly unit: UnitRow
  readonly certificate: CertificateRow
}

/** Rows of one statement: below the parameters that either database takes, above where a round trip counts. */
const rowsOfStatement = 100

/** Inserts rows, each with the same members in the same order; a statement is compiled once for each length. */
export class RowInserter<Table extends keyof BulkRows> {
  readonly #table: Table
  readonly #compiled = new WeakMap<object, Map<number, CompiledQuery>>()

  constructor(table: Table) {
    this.#table = table
  }

  async insert(tx: LedgerTransaction, rows: readonly BulkRows[Table][]): Promise<void> {
    for (let start = 0; start < rows.length; start += rowsOfStatement) {
      const slice = rows.slice(start, start + rowsOfStatement)
      const parameters = slice.flatMap((row): readonly unknown[] => Object.values(row))
      await tx.executeQuery({ ...this.#statement(tx, slice), parameters })
    }
  }

  #statement(tx: LedgerTransaction, rows: readonly BulkRows[Table][]): CompiledQuery {
    const kind = tx.getExecutor().adapter
    const known = this.#compiled.get(kind) ?? new Map<number, CompiledQuery>()
    this.#compiled.set(kind, known)
    const query =
      known.get(rows.length) ??
      tx
        .insertInto<keyof BulkRows>(this.#table)
        .values([...rows])
        .compile()
    known.set(rows.length, query)
    return query
  }
}
