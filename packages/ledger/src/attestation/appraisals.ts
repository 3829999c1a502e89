import { canonicalJson, parseJson } from '@keyline/bytes'
import { z } from 'zod'
import type { AppraisalRow } from '../database/attestation-schema.ts'
import { listStatement, type Values } from '../database/statement.ts'
import type { Desk } from './desk.ts'

/** What an appraisal came to (attestation-verifier 12). Hashes are SHA-256 in lower-case hexadecimal. */
export interface RecordedAppraisal {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly sessionHash: string
  readonly mediaType: string
  readonly evidenceHash: string
  readonly implementationId?: string | undefined
  readonly instanceId?: string | undefined
  readonly outcome: AppraisalRow['outcome']
  readonly status?: string | undefined
  readonly vector?: Readonly<Record<string, number>> | undefined
  readonly codes: readonly string[]
  readonly policyId?: string | undefined
  readonly keyId?: string | undefined
}

const rowsTogether = 50

const insertAppraisals = listStatement((db, items: readonly Values<AppraisalRow>[]) =>
  db.insertInto('appraisal').values(
    items.map((row) => ({
      tenant: row.tenant,
      at: row.at,
      session_hash: row.session_hash,
      media_type: row.media_type,
      evidence_hash: row.evidence_hash,
      implementation_id: row.implementation_id,
      instance_id: row.instance_id,
      outcome: row.outcome,
      status: row.status,
      vector: row.vector,
      codes: row.codes,
      policy_id: row.policy_id,
      key_id: row.key_id,
    })),
  ),
)

/** What a tenant has judged, until it is swept. */
export class Appraisals {
  readonly #desk: Desk
  readonly #tenant: string

  constructor(desk: Desk, tenant: string) {
    this.#desk = desk
    this.#tenant = tenant
  }

  /** Appends records, all or none. */
  async append(records: readonly RecordedAppraisal[]): Promise<void> {
    if (records.length === 0) return
    const rows = records.map((record) => this.#rowOf(record))
    await this.#desk.act(async ({ tx }) => {
      for (let start = 0; start < rows.length; start += rowsTogether) {
        await insertAppraisals(tx, rows.slice(start, start + rowsTogether))
      }
    })
  }

  /** The newest first, of one device where its instance id is given. */
  list(query: {
    readonly limit: number
    readonly instanceId?: string | undefined
  }): Promise<readonly RecordedAppraisal[]> {
    const { limit, instanceId } = query
    return this.#desk.read(async (db) => {
      let rows = db.selectFrom('appraisal').selectAll().where('tenant', '=', this.#tenant)
      if (instanceId !== undefined) rows = rows.where('instance_id', '=', instanceId)
      return (await rows.orderBy('at', 'desc').limit(limit).execute()).map(appraisalOf)
    })
  }

  /** Takes out what is older. @param before milliseconds since 1970. @returns how many */
  async sweep(before: number): Promise<number> {
    const { numDeletedRows } = await this.#desk.change((db) =>
      db
        .deleteFrom('appraisal')
        .where('tenant', '=', this.#tenant)
        .where('at', '<', before)
        .executeTakeFirst(),
    )
    return Number(numDeletedRows)
  }

  #rowOf(record: RecordedAppraisal): AppraisalRow {
    return {
      tenant: this.#tenant,
      at: record.at,
      session_hash: record.sessionHash,
      media_type: record.mediaType,
      evidence_hash: record.evidenceHash,
      implementation_id: record.implementationId ?? null,
      instance_id: record.instanceId ?? null,
      outcome: record.outcome,
      status: record.status ?? null,
      vector: record.vector === undefined ? null : canonicalJson(record.vector),
      codes: canonicalJson([...record.codes]),
      policy_id: record.policyId ?? null,
      key_id: record.keyId ?? null,
    }
  }
}

const Vector = z.record(z.string(), z.number())
const Codes = z.array(z.string())

function appraisalOf(row: AppraisalRow): RecordedAppraisal {
  return {
    at: row.at,
    sessionHash: row.session_hash,
    mediaType: row.media_type,
    evidenceHash: row.evidence_hash,
    ...(row.implementation_id === null ? {} : { implementationId: row.implementation_id }),
    ...(row.instance_id === null ? {} : { instanceId: row.instance_id }),
    outcome: row.outcome,
    ...(row.status === null ? {} : { status: row.status }),
    ...(row.vector === null ? {} : { vector: Vector.parse(parseJson(row.vector, 'trust vector')) }),
    codes: Codes.parse(parseJson(row.codes, 'codes of an appraisal')),
    ...(row.policy_id === null ? {} : { policyId: row.policy_id }),
    ...(row.key_id === null ? {} : { keyId: row.key_id }),
  }
}
