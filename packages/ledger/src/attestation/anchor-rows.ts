import { toHex, type Secret } from '@keyline/bytes'
import type { TrustAnchor } from '@keyline/verifier'
import type { Kysely } from 'kysely'
import type {
  EndorsementSourceRow,
  TrustAnchorRow,
  TrustKeyRow,
} from '../database/attestation-schema.ts'
import type { Tables } from '../database/schema.ts'
import { statement, type Values } from '../database/statement.ts'
import type { Vault } from '../store/vault.ts'

/** What a read of an anchor gives. */
export type AnchorRow = Pick<TrustAnchorRow, 'instance_id' | 'implementation_id'> &
  Pick<TrustKeyRow, 'kind' | 'key' | 'state'> & {
    readonly [Name in 'corim_id' | 'not_before' | 'not_after']: EndorsementSourceRow[Name] | null
  }

function anchorQuery(db: Kysely<Tables>) {
  return db
    .selectFrom('trust_anchor as a')
    .innerJoin('trust_key as k', (join) =>
      join.onRef('k.tenant', '=', 'a.tenant').onRef('k.instance_id', '=', 'a.instance_id'),
    )
    .leftJoin('endorsement_source as s', (join) =>
      join.onRef('s.tenant', '=', 'a.tenant').onRef('s.number', '=', 'a.source'),
    )
    .select([
      'a.instance_id',
      'a.implementation_id',
      'k.kind',
      'k.key',
      'k.state',
      's.corim_id',
      's.not_before',
      's.not_after',
    ])
}

interface AnchorName {
  readonly tenant: string
  readonly implementationId: Uint8Array
  readonly instanceId: Uint8Array
}

/** The one row of a device. */
export const anchorByName = statement(
  (db, { tenant, implementationId, instanceId }: Values<AnchorName>) =>
    anchorQuery(db)
      .where('a.tenant', '=', tenant)
      .where('a.instance_id', '=', instanceId)
      .where('a.implementation_id', '=', implementationId),
)

/** Rows behind an instance, by instance. */
export const anchorPage = statement(
  (db, { tenant, after, limit }: Values<{ tenant: string; after: Uint8Array; limit: number }>) =>
    anchorQuery(db)
      .where('a.tenant', '=', tenant)
      .where('a.instance_id', '>', after)
      .orderBy('a.instance_id')
      .limit(limit),
)

/** Where the secret of a symmetric key is sealed for. */
export function secretRecord(tenant: string, instanceId: Uint8Array): string {
  return `trust anchor ${tenant} ${toHex(instanceId)}`
}

export function anchorOf(tenant: string, row: AnchorRow, vault: Vault): TrustAnchor {
  const { kind, key, not_before: notBefore, not_after: notAfter } = row
  const instanceId = Uint8Array.from(row.instance_id)
  return {
    implementationId: Uint8Array.from(row.implementation_id),
    instanceId,
    key:
      kind === 'symmetric'
        ? { type: 'symmetric', secret: openSecret(tenant, instanceId, key, vault) }
        : { type: 'ec', curve: kind, point: Uint8Array.from(key) },
    state: row.state,
    validity: notAfter === null ? undefined : { notBefore: notBefore ?? undefined, notAfter },
    source: row.corim_id ?? undefined,
  }
}

function openSecret(
  tenant: string,
  instanceId: Uint8Array,
  sealed: Uint8Array,
  vault: Vault,
): Secret {
  return vault.open(secretRecord(tenant, instanceId), 'secret', sealed)
}
