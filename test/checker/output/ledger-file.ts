import { existsSync } from 'node:fs'
import { z } from 'zod'
import { chainStart } from './chain.ts'
import { openSqliteFile } from './sqlite-file.ts'

const octets = z.instanceof(Uint8Array)

const OrderRow = z.object({
  id: z.string(),
  document: z.string(),
  pool: z.string(),
  quantity: z.number(),
  units_reserved: z.number(),
  certificate_limit: z.number(),
  certificates_used: z.number(),
})
export type OrderRow = z.infer<typeof OrderRow>

const UnitRow = z.object({
  id: z.string(),
  order_id: z.string(),
  pool: z.string(),
  serial_number: z.string(),
  state: z.string(),
  live: z.number(),
  board_uid: z.string().nullable(),
})
export type UnitRow = z.infer<typeof UnitRow>

const CertificateRow = z.object({
  sha256: z.string(),
  order_id: z.string(),
  unit_id: z.string(),
  quota_number: z.number(),
  serial_number: z.string(),
  idempotency_key: z.string(),
  der: octets,
  state: z.string(),
})
export type CertificateRow = z.infer<typeof CertificateRow>

const VerdictRow = z.object({ unit_id: z.string(), verdict: z.string(), document: z.string() })
export type VerdictRow = z.infer<typeof VerdictRow>

/** A key that a verifier trusts, or did. */
const TrustKeyRow = z.object({ key: octets, state: z.string(), unit_id: z.string().nullable() })
const ReferenceRow = z.object({ implementation_id: octets })

const PoolRow = z.object({ name: z.string(), next: z.number() })

const AuditRow = z.object({
  seq: z.number(),
  time: z.string(),
  type: z.string(),
  actor: z.string(),
  data: z.string(),
  hash: z.string(),
})
export type AuditRow = z.infer<typeof AuditRow>

/** Place and hash of the last audit record. */
const HeadRow = z.object({ audit_seq: z.number(), audit_hash: z.string() })

/** What the database file of a ledger holds, read by plain SQL. */
export interface LedgerContent {
  readonly orders: readonly OrderRow[]
  readonly pools: readonly z.infer<typeof PoolRow>[]
  readonly units: readonly UnitRow[]
  readonly certificates: readonly CertificateRow[]
  readonly verdicts: readonly VerdictRow[]
  readonly trustKeys: readonly z.infer<typeof TrustKeyRow>[]
  readonly references: readonly z.infer<typeof ReferenceRow>[]
  readonly audit: readonly AuditRow[]
  readonly head: z.infer<typeof HeadRow>
}

const emptyLedger: LedgerContent = {
  orders: [],
  pools: [],
  units: [],
  certificates: [],
  verdicts: [],
  trustKeys: [],
  references: [],
  audit: [],
  head: { audit_seq: 0, audit_hash: chainStart },
}

/** A station that was killed at its first start may have no file yet. */
export function readLedgerFile(file: string): LedgerContent {
  if (!existsSync(file)) return emptyLedger
  const database = openSqliteFile(file)
  try {
    const rows = <T>(row: z.ZodType<T>, table: string, order: string): readonly T[] =>
      z.array(row).parse(database.rows(`select * from "${table}" order by ${order}`))
    const [head] = rows(HeadRow, 'ledger_head', 'id')
    if (head === undefined) throw new Error(`${file} has no head of its audit log`)
    return {
      orders: rows(OrderRow, 'work_order', 'id'),
      pools: rows(PoolRow, 'serial_pool', 'name'),
      units: rows(UnitRow, 'unit', 'order_id, sequence'),
      certificates: rows(CertificateRow, 'certificate', 'order_id, quota_number'),
      verdicts: rows(VerdictRow, 'verdict', 'unit_id'),
      trustKeys: rows(TrustKeyRow, 'trust_key', 'instance_id'),
      references: rows(ReferenceRow, 'reference_value', 'print'),
      audit: rows(AuditRow, 'audit', 'seq'),
      head,
    }
  } finally {
    database.close()
  }
}
