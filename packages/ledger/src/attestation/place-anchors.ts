import { equalOctets, toHex } from '@keyline/bytes'
import type { AnchorCurve, Placement } from '@keyline/verifier'
import type { TrustAnchorRow, TrustKeyRow } from '../database/attestation-schema.ts'
import type { LedgerTransaction } from '../database/database.ts'
import { listStatement, type Values } from '../database/statement.ts'

/** The import that statements belong to. */
export interface ImportPlace {
  readonly tenant: string
  /** Number of this import. */
  readonly number: number
  /** Number of its source: CoRIM id and period. */
  readonly source: number
}

/** An anchor that is to be placed. */
export interface Candidate {
  readonly implementationId: Uint8Array
  readonly instanceId: Uint8Array
  readonly curve: AnchorCurve
  readonly point: Uint8Array
  readonly replace: boolean
}

export interface Placed {
  readonly placements: readonly Placement[]
  /** Instances that were known and are known otherwise now, hexadecimal. */
  readonly changed: readonly string[]
}

const insertKeys = listStatement((db, items: readonly Values<TrustKeyRow>[]) =>
  db
    .insertInto('trust_key')
    .values(
      items.map((row) => ({
        tenant: row.tenant,
        instance_id: row.instance_id,
        kind: row.kind,
        key: row.key,
        state: row.state,
        unit_id: row.unit_id,
        import: row.import,
      })),
    )
    .onConflict((conflict) => conflict.columns(['tenant', 'instance_id']).doNothing())
    .returning('instance_id'),
)

interface Instance {
  readonly tenant: string
  readonly instance_id: Uint8Array
}

const keysOf = listStatement((db, items: readonly Values<Instance>[], first) =>
  db
    .selectFrom('trust_key')
    .select(['instance_id', 'kind', 'key', 'import'])
    .where('tenant', '=', first.tenant)
    .where(
      'instance_id',
      'in',
      items.map((item) => item.instance_id),
    ),
)

const markKeys = listStatement(
  (db, items: readonly Values<Instance & { readonly number: number }>[], first) =>
    db
      .updateTable('trust_key')
      .set({ import: first.number })
      .where('tenant', '=', first.tenant)
      .where(
        'instance_id',
        'in',
        items.map((item) => item.instance_id),
      ),
)

const insertAnchors = listStatement((db, items: readonly Values<TrustAnchorRow>[]) =>
  db
    .insertInto('trust_anchor')
    .values(
      items.map((row) => ({
        tenant: row.tenant,
        instance_id: row.instance_id,
        implementation_id: row.implementation_id,
        source: row.source,
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(['tenant', 'instance_id', 'implementation_id']).doNothing(),
    )
    .returning('instance_id'),
)

const renewAnchors = listStatement((db, items: readonly Values<TrustAnchorRow>[], first) =>
  db
    .updateTable('trust_anchor')
    .set({ source: first.source })
    .where('tenant', '=', first.tenant)
    .where('implementation_id', '=', first.implementation_id)
    .where(
      'instance_id',
      'in',
      items.map((item) => item.instance_id),
    )
    .where((eb) => eb.or([eb('source', 'is', null), eb('source', '!=', first.source)]))
    .returning('instance_id'),
)

/**
 * Places anchors in their order. An instance has one key: the constraint says which are new, and what is there says
 * what becomes of the others (V18). A key that this import has given or named is not replaced by it.
 */
export async function placeAnchors(
  tx: LedgerTransaction,
  place: ImportPlace,
  candidates: readonly Candidate[],
): Promise<Placed> {
  const placements: Placement[] = []
  const changed: string[] = []
  let start = 0
  while (start < candidates.length) {
    const round = distinctFrom(candidates, start)
    const placed = await placeRound(tx, place, round)
    placements.push(...placed.placements)
    changed.push(...placed.changed)
    start += round.length
  }
  return { placements, changed }
}

/** Candidates up to the first whose instance is among them. */
function distinctFrom(candidates: readonly Candidate[], start: number): readonly Candidate[] {
  const seen = new Set<string>()
  let end = start
  for (; end < candidates.length; end++) {
    const name = toHex(candidates[end]?.instanceId ?? new Uint8Array())
    if (seen.has(name)) break
    seen.add(name)
  }
  return candidates.slice(start, end)
}

async function placeRound(
  tx: LedgerTransaction,
  place: ImportPlace,
  round: readonly Candidate[],
): Promise<Placed> {
  const { tenant, number, source } = place
  const inserted = namesOf(
    await insertKeys(
      tx,
      round.map(({ instanceId, curve, point }) => ({
        tenant,
        instance_id: instanceId,
        kind: curve,
        key: point,
        state: 'active',
        unit_id: null,
        import: number,
      })),
    ),
  )
  const known = round.filter(({ instanceId }) => !inserted.has(toHex(instanceId)))
  const { refused, replaced } = await settleKnown(tx, place, known)
  const rows = round
    .filter(({ instanceId }) => !refused.has(toHex(instanceId)))
    .map(({ instanceId, implementationId }) => ({
      tenant,
      instance_id: instanceId,
      implementation_id: implementationId,
      source,
    }))
  const added = rows.length === 0 ? new Set() : namesOf(await insertAnchors(tx, rows))
  const present = rows.filter((row) => !added.has(toHex(row.instance_id)))
  const renewed = await renew(tx, present)
  return {
    placements: round.map(({ instanceId }) => {
      const name = toHex(instanceId)
      if (refused.has(name)) return 'conflict'
      if (replaced.has(name)) return 'replaced'
      return added.has(name) ? 'added' : 'present'
    }),
    changed: [...new Set([...replaced, ...renewed])],
  }
}

/** Of instances that have a key: those that have another one, and those that got this one in its place. */
async function settleKnown(
  tx: LedgerTransaction,
  place: ImportPlace,
  known: readonly Candidate[],
): Promise<{ readonly refused: ReadonlySet<string>; readonly replaced: ReadonlySet<string> }> {
  const refused = new Set<string>()
  const replaced = new Set<string>()
  if (known.length === 0) return { refused, replaced }
  const instances = known.map(({ instanceId }) => ({
    tenant: place.tenant,
    instance_id: instanceId,
  }))
  const keys = await keysOf(tx, instances)
  const byName = new Map(keys.map((row) => [toHex(row.instance_id), row]))
  const named: (Instance & { readonly number: number })[] = []
  for (const candidate of known) {
    const name = toHex(candidate.instanceId)
    const row = byName.get(name)
    const isSame =
      row !== undefined && row.kind === candidate.curve && equalOctets(row.key, candidate.point)
    if (isSame && candidate.replace) {
      named.push({
        tenant: place.tenant,
        instance_id: candidate.instanceId,
        number: place.number,
      })
    }
    if (isSame) continue
    const mayReplace = candidate.replace && row?.import !== place.number
    if (mayReplace && (await replaceKey(tx, place, candidate))) replaced.add(name)
    else refused.add(name)
  }
  if (named.length > 0) await markKeys(tx, named)
  return { refused, replaced }
}

/** Only where the instance is known under this implementation and no other: which of them is meant otherwise? */
async function replaceKey(
  tx: LedgerTransaction,
  { tenant, number }: ImportPlace,
  { instanceId, implementationId, curve, point }: Candidate,
): Promise<boolean> {
  const anchors = await tx
    .selectFrom('trust_anchor')
    .select('implementation_id')
    .where('tenant', '=', tenant)
    .where('instance_id', '=', instanceId)
    .execute()
  const [only] = anchors
  if (anchors.length !== 1 || only === undefined) return false
  if (!equalOctets(only.implementation_id, implementationId)) return false
  await tx
    .updateTable('trust_key')
    .set({ kind: curve, key: point, state: 'active', import: number })
    .where('tenant', '=', tenant)
    .where('instance_id', '=', instanceId)
    .execute()
  return true
}

/** Lets this source stand for anchors that another one has named. */
async function renew(
  tx: LedgerTransaction,
  rows: readonly TrustAnchorRow[],
): Promise<readonly string[]> {
  const byImplementation = new Map<string, TrustAnchorRow[]>()
  for (const row of rows) {
    const name = toHex(row.implementation_id)
    const alike = byImplementation.get(name)
    if (alike === undefined) byImplementation.set(name, [row])
    else alike.push(row)
  }
  const renewed: string[] = []
  for (const alike of byImplementation.values()) {
    renewed.push(...namesOf(await renewAnchors(tx, alike)))
  }
  return renewed
}

function namesOf(rows: readonly { readonly instance_id: Uint8Array }[]): ReadonlySet<string> {
  return new Set(rows.map((row) => toHex(row.instance_id)))
}
