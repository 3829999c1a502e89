import { Client } from 'pg'
import { z } from 'zod'

/** 64-bit numbers come from the driver as texts. */
const count = z.coerce.number()
const octets = z.instanceof(Uint8Array)

const OrderRow = z.object({ id: z.string(), certificate_limit: count, certificates_used: count })
const UnitRow = z.object({ id: z.string(), serial_number: z.string() })
const CertificateRow = z.object({
  sha256: z.string(),
  unit_id: z.string(),
  quota_number: count,
  serial_number: z.string(),
  spki_sha256: z.string(),
  idempotency_key: z.string(),
  der: octets,
})
const AuditRow = z.object({
  seq: count,
  time: z.string(),
  type: z.string(),
  actor: z.string(),
  data: z.string(),
  hash: z.string(),
})
const HeadRow = z.object({ audit_seq: count, audit_hash: z.string() })

export type CertificateRow = z.infer<typeof CertificateRow>

/** What a PostgreSQL ledger holds of one order, read by plain SQL. */
export interface LedgerRows {
  readonly order: z.infer<typeof OrderRow>
  readonly units: readonly z.infer<typeof UnitRow>[]
  readonly certificates: readonly CertificateRow[]
  readonly audit: readonly z.infer<typeof AuditRow>[]
  readonly head: z.infer<typeof HeadRow>
}

export async function readLedgerRows(url: string, orderId: string): Promise<LedgerRows> {
  return withRows(url, async (rows) => {
    const [order] = await rows(OrderRow, 'select * from work_order where id = $1', orderId)
    const [head] = await rows(HeadRow, 'select * from ledger_head')
    if (order === undefined || head === undefined) throw new Error(`no order ${orderId} is there`)
    return {
      order,
      head,
      units: await rows(UnitRow, 'select * from unit where order_id = $1', orderId),
      certificates: await rows(
        CertificateRow,
        'select * from certificate where order_id = $1 order by quota_number',
        orderId,
      ),
      audit: await rows(AuditRow, 'select * from audit order by seq'),
    }
  })
}

/** Serial numbers in the order in which they were revoked, hexadecimal. */
export function readRevokedSerials(url: string): Promise<readonly string[]> {
  const RevocationRow = z.object({ serial_number: z.string() })
  return withRows(url, async (rows) => {
    const revocations = await rows(RevocationRow, 'select * from revocation order by place')
    return revocations.map((row) => row.serial_number)
  })
}

type Rows = <T>(
  row: z.ZodType<T>,
  sql: string,
  ...values: readonly string[]
) => Promise<readonly T[]>

async function withRows<T>(url: string, work: (rows: Rows) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await work(async (row, sql, ...values) =>
      z.array(row).parse((await client.query(sql, [...values])).rows),
    )
  } finally {
    await client.end()
  }
}
