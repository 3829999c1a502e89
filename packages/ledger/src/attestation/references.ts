import { canonicalJson, encodeUtf8, fromHex, parseJson, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { PsaReferenceValue } from '@keyline/eat'
import { referencePrint, ReferenceSet, type Placement } from '@keyline/verifier'
import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { ReferenceValueRow } from '../database/attestation-schema.ts'
import type { LedgerTransaction } from '../database/database.ts'
import type { Tables } from '../database/schema.ts'
import { listStatement, statement, type Values } from '../database/statement.ts'

interface Implementation {
  readonly tenant: string
  readonly implementationId: Uint8Array
}

const insertReferences = listStatement((db, items: readonly Values<ReferenceValueRow>[]) =>
  db
    .insertInto('reference_value')
    .values(
      items.map((row) => ({
        tenant: row.tenant,
        implementation_id: row.implementation_id,
        print: row.print,
        digests: row.digests,
        signer_id: row.signer_id,
        name: row.name,
        version: row.version,
        vendor: row.vendor,
        model: row.model,
        source: row.source,
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(['tenant', 'implementation_id', 'print']).doNothing(),
    )
    .returning('print'),
)

const referencesOf = statement((db, { tenant, implementationId }: Values<Implementation>) =>
  db
    .selectFrom('reference_value')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('implementation_id', '=', implementationId),
)

/** Adds reference values; of those that say the same the first one stays. */
export async function placeReferences(
  tx: LedgerTransaction,
  source: { readonly tenant: string; readonly number: number },
  values: readonly PsaReferenceValue[],
): Promise<readonly Placement[]> {
  const rows = values.map((value): ReferenceValueRow => rowOf(value, source))
  const inserted = await insertReferences(tx, rows)
  const added = new Set(inserted.map(({ print }) => toHex(print)))
  return rows.map(({ print }) => (added.delete(toHex(print)) ? 'added' : 'present'))
}

export async function readReferences(
  db: Kysely<Tables>,
  implementation: Implementation,
): Promise<ReferenceSet> {
  const rows = await referencesOf(db, implementation)
  return new ReferenceSet(rows.map(valueOf))
}

function rowOf(
  value: PsaReferenceValue,
  { tenant, number }: { readonly tenant: string; readonly number: number },
): ReferenceValueRow {
  const digests = value.digests.map(({ algorithm, value: digest }) => [
    algorithm ?? null,
    toHex(digest),
  ])
  return {
    tenant,
    implementation_id: value.implementationId,
    print: sha256(encodeUtf8(referencePrint(value))),
    digests: canonicalJson(digests),
    signer_id: value.signerId,
    name: value.name ?? null,
    version: value.version ?? null,
    vendor: value.vendor ?? null,
    model: value.model ?? null,
    source: number,
  }
}

const Digests = z.array(z.tuple([z.enum(['sha-256', 'sha-384', 'sha-512']).nullable(), z.string()]))

function valueOf(row: ReferenceValueRow): PsaReferenceValue {
  const digests = Digests.parse(parseJson(row.digests, 'digests of a reference value'))
  return {
    implementationId: Uint8Array.from(row.implementation_id),
    signerId: Uint8Array.from(row.signer_id),
    digests: digests.map(([algorithm, value]) => ({
      algorithm: algorithm ?? undefined,
      value: fromHex(value),
    })),
    ...(row.name === null ? {} : { name: row.name }),
    ...(row.version === null ? {} : { version: row.version }),
    ...(row.vendor === null ? {} : { vendor: row.vendor }),
    ...(row.model === null ? {} : { model: row.model }),
  }
}
