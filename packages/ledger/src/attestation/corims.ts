import type { Desk } from './desk.ts'

/** What was submitted. */
export interface SubmittedCorim {
  readonly corimId: string
  /** SHA-256 of the octets, lower-case hexadecimal. */
  readonly sha256: string
  readonly octets: number
  readonly signer?: string | undefined
  readonly submittedBy: string
  /** Milliseconds since 1970. */
  readonly submittedAt: number
}

/** CoRIMs of a tenant: one record each, replaced when the same id is submitted again. */
export class Corims {
  readonly #desk: Desk
  readonly #tenant: string

  constructor(desk: Desk, tenant: string) {
    this.#desk = desk
    this.#tenant = tenant
  }

  async record(corim: SubmittedCorim): Promise<void> {
    const { corimId, sha256, octets, signer, submittedBy, submittedAt } = corim
    const tenant = this.#tenant
    const row = {
      sha256,
      octets,
      signer: signer ?? null,
      submitted_by: submittedBy,
      submitted_at: submittedAt,
    }
    await this.#desk.as(submittedBy).act(async ({ tx, note }) => {
      await tx
        .insertInto('corim')
        .values({ tenant, corim_id: corimId, ...row })
        .onConflict((conflict) => conflict.columns(['tenant', 'corim_id']).doUpdateSet(row))
        .execute()
      await note('corim.submitted', {
        tenant,
        corim: corimId,
        sha256,
        octets,
        ...(signer === undefined ? {} : { signer }),
      })
    })
  }

  /** The newest first. */
  list(limit: number): Promise<readonly SubmittedCorim[]> {
    return this.#desk.read(async (db) => {
      const rows = await db
        .selectFrom('corim')
        .selectAll()
        .where('tenant', '=', this.#tenant)
        .orderBy('submitted_at', 'desc')
        .orderBy('corim_id')
        .limit(limit)
        .execute()
      return rows.map((row) => ({
        corimId: row.corim_id,
        sha256: row.sha256,
        octets: row.octets,
        ...(row.signer === null ? {} : { signer: row.signer }),
        submittedBy: row.submitted_by,
        submittedAt: row.submitted_at,
      }))
    })
  }
}
