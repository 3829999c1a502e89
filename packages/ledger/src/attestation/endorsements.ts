import { toHex } from '@keyline/bytes'
import type { PsaCertification, PsaReferenceValue } from '@keyline/eat'
import type {
  AnchorState,
  EndorsementStore,
  EndorsementTransaction,
  Placement,
  StatementSource,
  TrustAnchor,
} from '@keyline/verifier'
import type { Act } from '../store/act.ts'
import { announceChanges, type TrustChange } from '../store/trust-changes.ts'
import { placeCertification } from './certifications.ts'
import type { Desk } from './desk.ts'
import { Group } from './group.ts'
import { HeldAct } from './held-act.ts'
import { placeAnchors, type Candidate, type ImportPlace } from './place-anchors.ts'
import { placeReferences } from './references.ts'

/** Most devices that one import names to the other processes; of more they forget all devices. */
const mostNamed = 1000

export interface EndorsementParts {
  readonly desk: Desk
  readonly tenant: string
  /** What this process must forget at once. */
  readonly forget: (changes: readonly TrustChange[]) => void
}

/** Endorsements of a tenant, as they are changed. One import is one transaction. */
export class Endorsements implements EndorsementStore {
  readonly #parts: EndorsementParts

  constructor(parts: EndorsementParts) {
    this.#parts = parts
  }

  /**
   * Begins an import; those of one tenant wait for each other. It must be ended, by commit or rollback.
   * @throws LedgerError `LEDGER_UNAVAILABLE`, `LEDGER_BUSY`
   */
  async begin(source: StatementSource): Promise<EndorsementTransaction> {
    const held = await HeldAct.open(this.#parts.desk)
    try {
      const place = await openImport(held.act, this.#parts.tenant, source)
      return new Import(held, place, source, this.#parts.forget)
    } catch (error) {
      await held.rollback()
      throw error
    }
  }

  /** @returns whether the device is known. The state that it has already changes nothing */
  async setState(instanceId: Uint8Array, state: AnchorState): Promise<boolean> {
    const { desk, tenant, forget } = this.#parts
    const change = { tenant, kind: 'anchor', subject: toHex(instanceId) } as const
    const known = await desk.act((act) => setState(act, { tenant, instanceId, state, change }))
    forget([change])
    return known
  }
}

async function setState(
  { tx, note }: Act,
  wanted: {
    readonly tenant: string
    readonly instanceId: Uint8Array
    readonly state: AnchorState
    readonly change: TrustChange
  },
): Promise<boolean> {
  const { tenant, instanceId, state, change } = wanted
  const updated = await tx
    .updateTable('trust_key')
    .set({ state })
    .where('tenant', '=', tenant)
    .where('instance_id', '=', instanceId)
    .where('state', '!=', state)
    .returning('unit_id')
    .executeTakeFirst()
  if (updated === undefined) {
    const known = await tx
      .selectFrom('trust_key')
      .select('state')
      .where('tenant', '=', tenant)
      .where('instance_id', '=', instanceId)
      .executeTakeFirst()
    return known !== undefined
  }
  await announceChanges(tx, [change])
  await note(state === 'revoked' ? 'device.revoked' : 'device.reinstated', {
    tenant,
    instance: toHex(instanceId),
    ...(updated.unit_id === null ? {} : { unit: updated.unit_id }),
  })
  return true
}

/** Takes the next number of the tenant, and with it the turn; gives a source its number. */
async function openImport(
  { tx }: Act,
  tenant: string,
  { id, validity }: StatementSource,
): Promise<ImportPlace> {
  const { imports: number } = await tx
    .insertInto('endorsement_tenant')
    .values({ tenant, imports: 1 })
    .onConflict((conflict) =>
      conflict
        .column('tenant')
        .doUpdateSet((eb) => ({ imports: eb('endorsement_tenant.imports', '+', 1) })),
    )
    .returning('imports')
    .executeTakeFirstOrThrow()
  const notBefore = validity?.notBefore ?? null
  const notAfter = validity?.notAfter ?? null
  const sources = await tx
    .selectFrom('endorsement_source')
    .select(['number', 'not_before', 'not_after'])
    .where('tenant', '=', tenant)
    .where('corim_id', '=', id)
    .execute()
  const known = sources.find((row) => row.not_before === notBefore && row.not_after === notAfter)
  if (known !== undefined) return { tenant, number, source: known.number }
  const row = { tenant, number, corim_id: id, not_before: notBefore, not_after: notAfter }
  await tx.insertInto('endorsement_source').values(row).execute()
  return { tenant, number, source: number }
}

class Import implements EndorsementTransaction {
  readonly #held: HeldAct
  readonly #place: ImportPlace
  readonly #source: StatementSource
  readonly #forget: (changes: readonly TrustChange[]) => void
  readonly #anchors: Group<Candidate, Placement>
  readonly #references: Group<PsaReferenceValue, Placement>
  readonly #certifications: Group<PsaCertification, Placement>
  readonly #changed = new Set<string>()
  readonly #counts = { anchors: 0, replaced: 0, renewed: 0, references: 0, certifications: 0 }

  constructor(
    held: HeldAct,
    place: ImportPlace,
    source: StatementSource,
    forget: (changes: readonly TrustChange[]) => void,
  ) {
    this.#held = held
    this.#place = place
    this.#source = source
    this.#forget = forget
    const { tx } = held.act
    const sourcePlace = { tenant: place.tenant, number: place.source }
    this.#anchors = new Group((items) => this.#placeAnchors(items))
    this.#references = new Group(async (items) => {
      held.touch()
      return placeReferences(tx, sourcePlace, items)
    })
    this.#certifications = new Group(async (items) => {
      held.touch()
      const placements: Placement[] = []
      for (const item of items) placements.push(await placeCertification(tx, sourcePlace, item))
      return placements
    })
  }

  async addAnchor(
    anchor: Pick<TrustAnchor, 'implementationId' | 'instanceId' | 'key'>,
    { replace }: { readonly replace: boolean },
  ): Promise<Placement> {
    const { implementationId, instanceId, key } = anchor
    if (key.type !== 'ec') throw new TypeError('a CoRIM names public keys alone')
    const { curve, point } = key
    return this.#anchors.add({ implementationId, instanceId, curve, point, replace })
  }

  async addReference(value: PsaReferenceValue): Promise<Placement> {
    const placement = await this.#references.add(value)
    if (placement === 'added') this.#counts.references++
    return placement
  }

  async addCertification(value: PsaCertification): Promise<Placement> {
    const placement = await this.#certifications.add(value)
    if (placement === 'added') this.#counts.certifications++
    return placement
  }

  async commit(): Promise<void> {
    await this.#settled()
    const changes = this.#changes()
    await this.#held.commit((act) => this.#close(act, changes))
    this.#forget(changes)
  }

  async rollback(): Promise<void> {
    await this.#settled()
    await this.#held.rollback()
  }

  async #settled(): Promise<void> {
    await this.#anchors.settled()
    await this.#references.settled()
    await this.#certifications.settled()
  }

  async #placeAnchors(items: readonly Candidate[]): Promise<readonly Placement[]> {
    this.#held.touch()
    const { placements, changed } = await placeAnchors(this.#held.act.tx, this.#place, items)
    for (const placement of placements) {
      if (placement === 'added') this.#counts.anchors++
      if (placement === 'replaced') this.#counts.replaced++
    }
    this.#counts.renewed += changed.length
    for (const name of changed) if (this.#changed.size <= mostNamed) this.#changed.add(name)
    return placements
  }

  #changes(): readonly TrustChange[] {
    const { tenant } = this.#place
    const { references, certifications } = this.#counts
    const isAll = this.#changed.size > mostNamed
    const anchors = isAll ? [null] : [...this.#changed]
    return [
      ...anchors.map((subject) => ({ tenant, kind: 'anchor', subject }) as const),
      ...(references + certifications > 0
        ? [{ tenant, kind: 'implementation', subject: null } as const]
        : []),
    ]
  }

  /** What changed nothing stands in no audit record. */
  async #close({ tx, note }: Act, changes: readonly TrustChange[]): Promise<void> {
    const counts = this.#counts
    if (Object.values(counts).every((count) => count === 0)) return
    await announceChanges(tx, changes)
    await note('endorsements.imported', {
      tenant: this.#place.tenant,
      corim: this.#source.id,
      ...counts,
    })
  }
}
