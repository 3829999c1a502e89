import { z } from 'zod'
import type { AuditRow } from '../output/ledger-file.ts'

const AuditData = z.record(z.string(), z.unknown())
export type AuditData = z.infer<typeof AuditData>

/** The audit records of a ledger by their type. */
export class AuditIndex {
  readonly #byType = new Map<string, AuditData[]>()

  constructor(rows: readonly AuditRow[]) {
    for (const { type, data } of rows) {
      const list = this.#byType.get(type) ?? []
      list.push(AuditData.parse(JSON.parse(data)))
      this.#byType.set(type, list)
    }
  }

  count(type: string, wanted: AuditData = {}): number {
    const members = Object.entries(wanted)
    const records = this.#byType.get(type) ?? []
    return records.filter((data) => members.every(([name, value]) => data[name] === value)).length
  }

  has(type: string, wanted: AuditData): boolean {
    return this.count(type, wanted) > 0
  }
}
