import { LedgerError } from '@keyline/ledger'
import type { WorkOrder } from '@keyline/ledger/records'
import { Secret } from '@keyline/bytes'
import type { Member, MemberCertificate, MemberStore, Role } from '../identity/member.ts'
import type {
  ActingLedger,
  CertificateView,
  OrderView,
  RevocationStore,
  RevocationView,
  ServerLedger,
} from '../route/service.ts'
import type { SettingStore } from '../service-ca/service-ca.ts'

/** The record of the server in memory, for tests. Tokens do not expire. */
export class MemoryLedger implements ServerLedger, SettingStore {
  readonly #orders = new Map<string, OrderView>()
  readonly #members = new Map<string, Member>()
  readonly #tokens = new Map<string, string>()
  readonly #settings = new Map<string, Uint8Array>()
  readonly #certificates = new Map<string, CertificateView>()
  readonly #revocations = new Map<string, RevocationView>()
  /** Every act with who did it. */
  readonly acts: string[] = []
  /** What is asked of it fails with this, as long as it stands here. */
  failure: Error | undefined
  /** Actor of acts without one. */
  readonly #actor: string
  lookups = 0

  constructor(actor = 'server') {
    this.#actor = actor
  }

  readonly members: MemberStore = this.#membersOf('server')
  readonly revocation: RevocationStore = this.#revocationOf('server')

  as(actor: string): ActingLedger {
    return {
      createOrder: (order) => this.#createOrder(actor, order),
      pauseOrder: (id) => this.#move(actor, id, 'paused'),
      resumeOrder: (id) => this.#move(actor, id, 'open'),
      closeOrder: (id) => this.#move(actor, id, 'closed'),
      members: this.#membersOf(actor),
      revocation: this.#revocationOf(actor),
    }
  }

  createOrder(order: WorkOrder): Promise<boolean> {
    return this.#createOrder(this.#actor, order)
  }

  pauseOrder(orderId: string): Promise<void> {
    return this.#move(this.#actor, orderId, 'paused')
  }

  resumeOrder(orderId: string): Promise<void> {
    return this.#move(this.#actor, orderId, 'open')
  }

  closeOrder(orderId: string): Promise<void> {
    return this.#move(this.#actor, orderId, 'closed')
  }

  addOrder(order: OrderView): void {
    this.#orders.set(order.orderId, order)
  }

  addCertificate(certificate: CertificateView): void {
    this.#certificates.set(certificate.sha256, certificate)
  }

  /** A member that has enrolled. */
  addMember(member: {
    readonly name: string
    readonly role: Role
    readonly spkiSha256: string
  }): void {
    this.#members.set(member.name, { ...member, state: 'active', createdAt: 0 })
  }

  async order(orderId: string): Promise<OrderView | undefined> {
    this.#requireUp()
    return this.#orders.get(orderId)
  }

  async orders(): Promise<readonly OrderView[]> {
    this.#requireUp()
    return [...this.#orders.values()]
  }

  async certificate(sha256: string): Promise<CertificateView | undefined> {
    this.#requireUp()
    return this.#certificates.get(sha256)
  }

  async issued(): Promise<undefined> {
    this.#requireUp()
    return undefined
  }

  async exportAudit(write: (line: string) => Promise<void> | void): Promise<void> {
    this.#requireUp()
    for (const [index, act] of this.acts.entries()) {
      await write(JSON.stringify({ seq: index + 1, act }))
    }
  }

  async ping(): Promise<void> {
    this.#requireUp()
  }

  async setting(name: string): Promise<Secret | undefined> {
    const value = this.#settings.get(name)
    return value === undefined ? undefined : new Secret(Uint8Array.from(value))
  }

  async setSetting(name: string, value: Secret): Promise<void> {
    this.#settings.set(name, Uint8Array.from(value.reveal()))
  }

  #requireUp(): void {
    if (this.failure !== undefined) throw this.failure
  }

  async #createOrder(actor: string, order: WorkOrder): Promise<boolean> {
    this.#requireUp()
    if (this.#orders.has(order.id)) return false
    this.acts.push(`${actor} creates ${order.id}`)
    this.addOrder({
      orderId: order.id,
      vendorId: order.product.vendorId,
      productId: order.product.productId,
      policy: order.policy,
      state: 'open',
      quantity: order.quantity,
      certificateLimit: order.certificateLimit ?? order.quantity,
      certificatesUsed: 0,
    })
    return true
  }

  async #move(actor: string, orderId: string, state: OrderView['state']): Promise<void> {
    this.#requireUp()
    const order = this.#orders.get(orderId)
    if (order === undefined) throw new LedgerError('LEDGER_ORDER_UNKNOWN', orderId)
    this.acts.push(`${actor} sets ${orderId} ${state}`)
    this.#orders.set(orderId, { ...order, state })
  }

  #membersOf(actor: string): MemberStore {
    return {
      invite: async ({ name, role, tokenSha256 }) => {
        this.#requireUp()
        const known = this.#members.get(name)
        if (known !== undefined && known.role !== role) {
          throw new LedgerError('LEDGER_MEMBER_EXISTS', name)
        }
        this.acts.push(`${actor} invites ${role} ${name}`)
        this.#tokens.set(name, tokenSha256)
        this.#members.set(name, known ?? { name, role, state: 'invited', createdAt: 0 })
      },
      enrol: async ({ tokenSha256, ...entry }) => {
        this.#requireUp()
        if (this.#tokens.get(entry.name) !== tokenSha256) {
          throw new LedgerError('LEDGER_TOKEN_INVALID', `the token of ${entry.name} is not good`)
        }
        this.#tokens.delete(entry.name)
        return this.#certify(actor, entry)
      },
      renew: async ({ previousSpkiSha256, ...entry }) => {
        this.#requireUp()
        if (this.#members.get(entry.name)?.spkiSha256 !== previousSpkiSha256) {
          throw new LedgerError('LEDGER_MEMBER_UNKNOWN', entry.name)
        }
        return this.#certify(actor, entry)
      },
      block: async (name, blockReason) => {
        this.#requireUp()
        this.acts.push(`${actor} blocks ${name}`)
        return this.#put({ ...this.#known(name), state: 'blocked', blockReason })
      },
      unblock: async (name) => {
        this.#requireUp()
        this.acts.push(`${actor} unblocks ${name}`)
        return this.#put({ ...this.#known(name), state: 'active', blockReason: undefined })
      },
      get: async (name) => {
        this.#requireUp()
        return this.#members.get(name)
      },
      byKey: async (spkiSha256) => {
        this.lookups += 1
        this.#requireUp()
        return [...this.#members.values()].find((member) => member.spkiSha256 === spkiSha256)
      },
      list: async () => {
        this.#requireUp()
        return [...this.#members.values()]
      },
    }
  }

  #certify(actor: string, entry: MemberCertificate): Member {
    const { name, ...certificate } = entry
    this.acts.push(`${actor} enrols ${name}`)
    return this.#put({ ...this.#known(name), ...certificate, state: 'active' })
  }

  #put(member: Member): Member {
    this.#members.set(member.name, member)
    return member
  }

  #known(name: string): Member {
    const member = this.#members.get(name)
    if (member !== undefined) return member
    throw new LedgerError('LEDGER_MEMBER_UNKNOWN', name)
  }

  #revocationOf(actor: string): RevocationStore {
    return {
      revoke: async ({ certificateSha256, reason }) => {
        this.#requireUp()
        const known = this.#revocations.get(certificateSha256)
        if (known !== undefined) return known
        const { issuerKeyId = '', serialNumber = '' } =
          this.#certificates.get(certificateSha256) ?? {}
        const revocation = { issuerKeyId, serialNumber, reason, revokedAt: 0 }
        this.acts.push(`${actor} revokes ${certificateSha256}`)
        this.#revocations.set(certificateSha256, revocation)
        return revocation
      },
      crl: async () => {
        this.#requireUp()
        return undefined
      },
    }
  }
}
