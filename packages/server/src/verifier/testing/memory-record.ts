import { Secret, toHex } from '@keyline/bytes'
import { MemoryTrustStore, type CertificateTrust } from '@keyline/verifier'
import { MemoryCredentials } from '../credential/testing/memory-credentials.ts'
import type {
  AppraisalLog,
  AppraisalRecord,
  CorimRecord,
  CorimStore,
  PolicyRecord,
  PolicyStore,
  SeenSet,
  SessionRecord,
  SessionStore,
  VerifierRecord,
  VerifierStore,
} from '../port.ts'

/** A record in the memory of one process, for tests: what it does is what a database must do. */
export class MemoryRecord implements VerifierRecord {
  readonly credentials = new MemoryCredentials()
  readonly #certificates: CertificateTrust | undefined
  readonly #tenants = new Map<string, MemoryVerifierStore>()
  readonly #settings = new Map<string, Secret>()

  constructor(certificates?: CertificateTrust) {
    this.#certificates = certificates
  }

  tenant(name: string): MemoryVerifierStore {
    const known = this.#tenants.get(name)
    if (known !== undefined) return known
    const store = new MemoryVerifierStore(this.#certificates)
    this.#tenants.set(name, store)
    return store
  }

  async setting(name: string): Promise<Secret | undefined> {
    return copyOf(this.#settings.get(name))
  }

  async setSetting(name: string, value: Secret): Promise<void> {
    this.#settings.set(name, new Secret(Uint8Array.from(value.reveal())))
  }

  async addSetting(name: string, value: Secret): Promise<boolean> {
    if (this.#settings.has(name)) return false
    await this.setSetting(name, value)
    return true
  }

  async ping(): Promise<void> {}
}

/** The part of one tenant. */
export class MemoryVerifierStore implements VerifierStore {
  readonly trust: MemoryTrustStore
  readonly endorsements: MemoryTrustStore
  readonly sessions = new MemorySessions()
  readonly seen = new MemorySeenSet()
  readonly policies = new MemoryPolicies()
  readonly corims = new MemoryCorims()
  readonly appraisals = new MemoryAppraisals()

  constructor(certificates?: CertificateTrust) {
    this.trust = new MemoryTrustStore(certificates)
    this.endorsements = this.trust
  }
}

class MemorySessions implements SessionStore {
  readonly #sessions = new Map<string, SessionRecord>()

  async open(session: Omit<SessionRecord, 'state' | 'submission' | 'result'>): Promise<void> {
    this.#sessions.set(session.id, { ...session, state: 'waiting' })
  }

  async find(id: string, now: number): Promise<SessionRecord | undefined> {
    const session = this.#sessions.get(id)
    return session !== undefined && now < session.expiresAt ? session : undefined
  }

  async claim(
    id: string,
    submission: NonNullable<SessionRecord['submission']>,
    now: number,
  ): Promise<SessionRecord | undefined> {
    const session = await this.find(id, now)
    if (session?.state !== 'waiting') return session
    this.#sessions.set(id, { ...session, state: 'processing', submission })
    return session
  }

  async finish(
    id: string,
    end: { readonly state: 'complete'; readonly result: string } | { readonly state: 'failed' },
  ): Promise<boolean> {
    const session = this.#sessions.get(id)
    if (session?.state !== 'processing') return false
    this.#sessions.set(id, { ...session, ...end })
    return true
  }

  async delete(id: string, now: number): Promise<boolean> {
    const session = await this.find(id, now)
    this.#sessions.delete(id)
    return session !== undefined
  }

  async sweep(now: number): Promise<number> {
    const ended = [...this.#sessions.values()].filter(({ expiresAt }) => expiresAt <= now)
    for (const { id } of ended) this.#sessions.delete(id)
    return ended.length
  }
}

interface Use {
  readonly requestHash: string
  readonly expiresAt: number
}

class MemorySeenSet implements SeenSet {
  readonly #uses = new Map<string, Use>()

  async enter(key: Uint8Array, use: Use): Promise<'new' | { readonly requestHash: string }> {
    const name = toHex(key)
    const before = this.#uses.get(name)
    if (before !== undefined) return { requestHash: before.requestHash }
    this.#uses.set(name, use)
    return 'new'
  }

  async sweep(now: number): Promise<number> {
    const ended = [...this.#uses].filter(([, { expiresAt }]) => expiresAt <= now)
    for (const [name] of ended) this.#uses.delete(name)
    return ended.length
  }
}

class MemoryPolicies implements PolicyStore {
  #policies: readonly PolicyRecord[] = []

  async add(policy: Omit<PolicyRecord, 'isActive'>): Promise<void> {
    this.#policies = [...this.#policies, { ...policy, isActive: false }]
  }

  active(scheme: string): PolicyRecord | undefined {
    return this.#policies.find((policy) => policy.scheme === scheme && policy.isActive)
  }

  async find(scheme: string, uuid: string): Promise<PolicyRecord | undefined> {
    return this.#policies.find((policy) => policy.scheme === scheme && policy.uuid === uuid)
  }

  async list(scheme: string, name?: string): Promise<readonly PolicyRecord[]> {
    return this.#policies.filter(
      (policy) => policy.scheme === scheme && (name === undefined || policy.name === name),
    )
  }

  async activate(scheme: string, uuid: string): Promise<boolean> {
    const isKnown = (await this.find(scheme, uuid)) !== undefined
    if (isKnown) this.#mark(scheme, uuid)
    return isKnown
  }

  async deactivate(scheme: string): Promise<void> {
    this.#mark(scheme, undefined)
  }

  #mark(scheme: string, uuid: string | undefined): void {
    this.#policies = this.#policies.map((policy) =>
      policy.scheme === scheme ? { ...policy, isActive: policy.uuid === uuid } : policy,
    )
  }
}

class MemoryCorims implements CorimStore {
  readonly #corims = new Map<string, CorimRecord>()

  async record(corim: CorimRecord): Promise<void> {
    this.#corims.delete(corim.corimId)
    this.#corims.set(corim.corimId, corim)
  }

  async list(limit: number): Promise<readonly CorimRecord[]> {
    return [...this.#corims.values()].toReversed().slice(0, limit)
  }
}

class MemoryAppraisals implements AppraisalLog {
  #records: readonly AppraisalRecord[] = []

  async append(records: readonly AppraisalRecord[]): Promise<void> {
    this.#records = [...this.#records, ...records]
  }

  async list({
    limit,
    instanceId,
  }: {
    readonly limit: number
    readonly instanceId?: string | undefined
  }): Promise<readonly AppraisalRecord[]> {
    const found = this.#records.filter(
      (record) => instanceId === undefined || record.instanceId === instanceId,
    )
    return found.toReversed().slice(0, limit)
  }

  async sweep(before: number): Promise<number> {
    const kept = this.#records.filter(({ at }) => at >= before)
    const count = this.#records.length - kept.length
    this.#records = kept
    return count
  }
}

function copyOf(secret: Secret | undefined): Secret | undefined {
  return secret && new Secret(Uint8Array.from(secret.reveal()))
}
