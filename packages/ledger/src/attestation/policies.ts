import type { Answer } from '@keyline/verifier'
import type { PolicyRow } from '../database/attestation-schema.ts'
import type { Act } from '../store/act.ts'
import { announceChanges, type TrustChange } from '../store/trust-changes.ts'
import type { ChangeFeed } from './change-feed.ts'
import type { Desk } from './desk.ts'
import { ReadThrough } from './read-through.ts'

/** A policy as it is kept. */
export interface StoredPolicy {
  /** UUID version 4, in lower case. */
  readonly uuid: string
  readonly scheme: string
  readonly name: string
  /** Media type of the rules. */
  readonly type: string
  readonly rules: string
  readonly isActive: boolean
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

export interface PolicyParts {
  readonly desk: Desk
  readonly feed: ChangeFeed
  readonly tenant: string
}

const mostSchemes = 64

/** Policies of a tenant; at most one of a scheme is active, which a constraint sees to. */
export class Policies {
  readonly #parts: PolicyParts
  readonly #active: ReadThrough<StoredPolicy | undefined>

  constructor(parts: PolicyParts) {
    this.#parts = parts
    const { desk, feed, tenant } = parts
    this.#active = new ReadThrough(feed, mostSchemes, (scheme) =>
      desk.read(async (db) => {
        const row = await db
          .selectFrom('policy')
          .selectAll()
          .where('tenant', '=', tenant)
          .where('scheme', '=', scheme)
          .where('active', '=', 1)
          .executeTakeFirst()
        return row && policyOf(row)
      }),
    )
  }

  /** Adds a policy, inactive; its UUID must be a new one. */
  async add(policy: Omit<StoredPolicy, 'isActive'>): Promise<void> {
    const { desk, tenant } = this.#parts
    const { uuid, scheme, name, type, rules, createdAt } = policy
    await desk.act(async ({ tx, note }) => {
      const row = {
        tenant,
        scheme,
        uuid,
        name,
        type,
        rules,
        active: 0,
        created_at: createdAt,
      } as const
      await tx.insertInto('policy').values(row).execute()
      await note('policy.added', { tenant, scheme, uuid, name, type })
    })
  }

  /** The active one, from memory while that is fresh. @throws LedgerError `LEDGER_UNAVAILABLE`, `LEDGER_STALE` */
  active(scheme: string): Answer<StoredPolicy | undefined> {
    return this.#active.get(scheme)
  }

  async find(scheme: string, uuid: string): Promise<StoredPolicy | undefined> {
    const { desk, tenant } = this.#parts
    return desk.read(async (db) => {
      const row = await db
        .selectFrom('policy')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('scheme', '=', scheme)
        .where('uuid', '=', uuid)
        .executeTakeFirst()
      return row && policyOf(row)
    })
  }

  /** The oldest first. */
  list(scheme: string, name?: string): Promise<readonly StoredPolicy[]> {
    const { desk, tenant } = this.#parts
    return desk.read(async (db) => {
      let query = db
        .selectFrom('policy')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('scheme', '=', scheme)
      if (name !== undefined) query = query.where('name', '=', name)
      return (await query.orderBy('created_at').orderBy('uuid').execute()).map(policyOf)
    })
  }

  /** Makes a policy the active one of its scheme. @returns whether there is one of this name */
  activate(scheme: string, uuid: string, actor: string): Promise<boolean> {
    return this.#change(actor, scheme, (act, announce) =>
      this.#activate(act, { scheme, uuid }, announce),
    )
  }

  async deactivate(scheme: string, actor: string): Promise<void> {
    await this.#change(actor, scheme, async (act, announce) => {
      const before = await this.#deactivate(act, scheme)
      if (before === undefined) return
      await announce()
      await act.note('policy.deactivated', { tenant: this.#parts.tenant, scheme, uuid: before })
    })
  }

  forgetAll(): void {
    this.#active.forgetAll()
  }

  async #activate(
    act: Act,
    { scheme, uuid }: { readonly scheme: string; readonly uuid: string },
    announce: () => Promise<void>,
  ): Promise<boolean> {
    const { tenant } = this.#parts
    const wanted = await act.tx
      .selectFrom('policy')
      .select('active')
      .where('tenant', '=', tenant)
      .where('scheme', '=', scheme)
      .where('uuid', '=', uuid)
      .executeTakeFirst()
    if (wanted === undefined) return false
    if (wanted.active === 1) return true
    const before = await this.#deactivate(act, scheme)
    await act.tx
      .updateTable('policy')
      .set({ active: 1 })
      .where('tenant', '=', tenant)
      .where('scheme', '=', scheme)
      .where('uuid', '=', uuid)
      .execute()
    await announce()
    await act.note('policy.activated', {
      tenant,
      scheme,
      uuid,
      ...(before === undefined ? {} : { before }),
    })
    return true
  }

  /** @returns the one that was active */
  async #deactivate({ tx }: Act, scheme: string): Promise<string | undefined> {
    const before = await tx
      .updateTable('policy')
      .set({ active: 0 })
      .where('tenant', '=', this.#parts.tenant)
      .where('scheme', '=', scheme)
      .where('active', '=', 1)
      .returning('uuid')
      .executeTakeFirst()
    return before?.uuid
  }

  async #change<T>(
    actor: string,
    scheme: string,
    work: (act: Act, announce: () => Promise<void>) => Promise<T>,
  ): Promise<T> {
    const { desk, tenant } = this.#parts
    const change: TrustChange = { tenant, kind: 'policy', subject: scheme }
    const result = await desk
      .as(actor)
      .act((act) => work(act, () => announceChanges(act.tx, [change])))
    this.forgetAll()
    return result
  }
}

function policyOf(row: PolicyRow): StoredPolicy {
  const { uuid, scheme, name, type, rules } = row
  return { uuid, scheme, name, type, rules, isActive: row.active === 1, createdAt: row.created_at }
}
