import {
  CborTag,
  cborMap,
  CorimTag,
  encodeComid,
  readPsaComid,
  type PsaCertification,
} from '@keyline/eat'
import type { Placement } from '@keyline/verifier'
import type { Kysely } from 'kysely'
import type { LedgerTransaction } from '../database/database.ts'
import type { Tables } from '../database/schema.ts'
import { statement, type Values } from '../database/statement.ts'

interface Implementation {
  readonly tenant: string
  readonly implementationId: Uint8Array
}

/** Name and key of a certification in a CoMID (attestation-verifier 4.2). */
const measurementKey = 'psa.certification'
const numberKey = 100

const certificationsOf = statement((db, { tenant, implementationId }: Values<Implementation>) =>
  db
    .selectFrom('certification')
    .select('comid')
    .where('tenant', '=', tenant)
    .where('implementation_id', '=', implementationId)
    .orderBy('number'),
)

/** Adds a certification; of those with one number the first one stays. */
export async function placeCertification(
  tx: LedgerTransaction,
  source: { readonly tenant: string; readonly number: number },
  value: PsaCertification,
): Promise<Placement> {
  const added = await tx
    .insertInto('certification')
    .values({
      tenant: source.tenant,
      implementation_id: value.implementationId,
      number: value.number,
      comid: comidOf(value),
      source: source.number,
    })
    .onConflict((conflict) =>
      conflict.columns(['tenant', 'implementation_id', 'number']).doNothing(),
    )
    .returning('number')
    .executeTakeFirst()
  return added === undefined ? 'present' : 'added'
}

export async function readCertifications(
  db: Kysely<Tables>,
  implementation: Implementation,
): Promise<readonly PsaCertification[]> {
  const rows = await certificationsOf(db, implementation)
  return rows.flatMap(({ comid }) =>
    [...readPsaComid(Uint8Array.from(comid))].flatMap((statement) =>
      statement.kind === 'certification' ? [statement.value] : [],
    ),
  )
}

/** Conditions are CBOR of many kinds: they rest in the form in which they came. */
function comidOf({ implementationId, number, conditions }: PsaCertification): Uint8Array {
  const environment = { classId: new CborTag(CorimTag.bytes, implementationId) }
  const measurements = [{ key: measurementKey, values: cborMap([numberKey, number]) }]
  const endorsements = [{ environment, measurements }]
  return encodeComid({
    tagId: number,
    triples: [{ kind: 'conditional', conditions, endorsements }],
  })
}
