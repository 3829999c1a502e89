import { IssuerError } from '../errors.ts'
import type { IssuanceEntry, IssuanceOrder, IssuanceStore } from '../issue/issuance-store.ts'

/** The record in memory, for tests: the same promises, kept because nothing awaits inside `record`. */
export class MemoryIssuanceStore implements IssuanceStore {
  readonly #orders = new Map<string, IssuanceOrder>()
  readonly #units = new Map<string, string>()
  readonly #issued = new Map<string, IssuanceEntry>()
  readonly #keys = new Set<string>()
  readonly #serialNumbers = new Set<string>()

  addOrder(order: Partial<IssuanceOrder> & { readonly orderId: string }): void {
    this.#orders.set(order.orderId, {
      vendorId: 0xfff1,
      productId: 0x8004,
      policy: 'test',
      state: 'open',
      certificateLimit: 8,
      certificatesUsed: 0,
      ...order,
    })
  }

  addUnit(unitId: string, serialNumber: string): void {
    this.#units.set(unitId, serialNumber)
  }

  addKnownKey(spkiSha256: string): void {
    this.#keys.add(spkiSha256)
  }

  entries(): readonly IssuanceEntry[] {
    return [...this.#issued.values()]
  }

  order(orderId: string): Promise<IssuanceOrder | undefined> {
    return Promise.resolve(this.#orders.get(orderId))
  }

  issued(idempotencyKey: string): Promise<IssuanceEntry | undefined> {
    return Promise.resolve(this.#issued.get(idempotencyKey))
  }

  isKeyKnown(spkiSha256: string): Promise<boolean> {
    return Promise.resolve(this.#keys.has(spkiSha256))
  }

  unitSerialNumber(unitId: string): Promise<string | undefined> {
    return Promise.resolve(this.#units.get(unitId))
  }

  async record(
    entry: IssuanceEntry,
  ): Promise<{ readonly certificate: Uint8Array; readonly replayed: boolean }> {
    await Promise.resolve()
    return this.#recordAtOnce(entry)
  }

  #recordAtOnce(entry: IssuanceEntry): {
    readonly certificate: Uint8Array
    readonly replayed: boolean
  } {
    const earlier = this.#issued.get(entry.idempotencyKey)
    if (earlier !== undefined) {
      if (earlier.requestHash !== entry.requestHash) {
        throw new IssuerError('ISSUER_IDEMPOTENCY_CONFLICT', `${entry.idempotencyKey} was used`)
      }
      return { certificate: earlier.certificate, replayed: true }
    }
    const order = this.#orders.get(entry.orderId)
    if (order === undefined) throw new IssuerError('ISSUER_ORDER_UNKNOWN', entry.orderId)
    if (order.state === 'closed') throw new IssuerError('ISSUER_ORDER_CLOSED', entry.orderId)
    if (order.certificatesUsed >= order.certificateLimit) {
      throw new IssuerError('ISSUER_QUOTA_REACHED', entry.orderId)
    }
    const serial = `${entry.issuerKeyId} ${entry.serialNumber}`
    if (this.#keys.has(entry.spkiSha256) || this.#serialNumbers.has(serial)) {
      throw new IssuerError('ISSUER_KEY_KNOWN', entry.spkiSha256)
    }
    this.#orders.set(entry.orderId, { ...order, certificatesUsed: order.certificatesUsed + 1 })
    this.#keys.add(entry.spkiSha256)
    this.#serialNumbers.add(serial)
    this.#issued.set(entry.idempotencyKey, entry)
    return { certificate: entry.certificate, replayed: false }
  }
}
