import { IssuerError } from '../errors.ts'
import type {
  IssuanceAnswer,
  IssuanceEntry,
  IssuanceOrder,
  IssuanceProspect,
  IssuanceQuestion,
  IssuanceStore,
} from '../issue/issuance-store.ts'
import { requireOpen } from '../issue/require-open.ts'

/** The record in memory, for tests: the same promises, kept because nothing awaits inside `record`. */
export class MemoryIssuanceStore implements IssuanceStore {
  readonly #orders = new Map<string, IssuanceOrder>()
  /** Serial numbers by unit. */
  readonly #units = new Map<string, string>()
  readonly #issued = new Map<string, IssuanceEntry>()
  readonly #keys = new Set<string>()
  readonly #serialNumbers = new Set<string>()
  readonly #now: () => number

  /** @param now wall time, milliseconds since 1970: orders may have a window */
  constructor(now: () => number = () => 0) {
    this.#now = now
  }

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

  order(orderId: string): IssuanceOrder | undefined {
    return this.#orders.get(orderId)
  }

  prospect(question: IssuanceQuestion): Promise<IssuanceProspect> {
    const { spkiSha256 } = question
    return Promise.resolve({
      order: this.#orders.get(question.orderId),
      issued: this.#issued.get(question.idempotencyKey),
      serialNumber: this.#units.get(question.unitId),
      isKeyKnown: spkiSha256 !== undefined && this.#keys.has(spkiSha256),
    })
  }

  async record(entry: IssuanceEntry): Promise<IssuanceAnswer> {
    await Promise.resolve()
    return this.#recordAtOnce(entry)
  }

  #recordAtOnce(entry: IssuanceEntry): IssuanceAnswer {
    const earlier = this.#issued.get(entry.idempotencyKey)
    if (earlier !== undefined) {
      if (earlier.requestHash !== entry.requestHash) {
        throw new IssuerError('ISSUER_IDEMPOTENCY_CONFLICT', `${entry.idempotencyKey} was used`)
      }
      return { certificate: earlier.certificate, replayed: true }
    }
    const order = this.#orders.get(entry.orderId)
    if (order === undefined) throw new IssuerError('ISSUER_ORDER_UNKNOWN', entry.orderId)
    requireOpen(order, entry.stationId, this.#now())
    if ((order.issuerKeyId ?? entry.issuerKeyId) !== entry.issuerKeyId) {
      throw new IssuerError('ISSUER_PAI_ROTATED', entry.orderId)
    }
    const serialNumber = this.#units.get(entry.unitId) ?? entry.identity?.serialNumber
    if (serialNumber === undefined) throw new IssuerError('ISSUER_UNIT_UNKNOWN', entry.unitId)
    const serial = `${entry.issuerKeyId} ${entry.serialNumber}`
    if (this.#keys.has(entry.spkiSha256) || this.#serialNumbers.has(serial)) {
      throw new IssuerError('ISSUER_KEY_KNOWN', entry.spkiSha256)
    }
    this.#orders.set(entry.orderId, {
      ...order,
      issuerKeyId: entry.issuerKeyId,
      certificatesUsed: order.certificatesUsed + 1,
    })
    this.#units.set(entry.unitId, serialNumber)
    this.#keys.add(entry.spkiSha256)
    this.#serialNumbers.add(serial)
    this.#issued.set(entry.idempotencyKey, entry)
    return { certificate: entry.certificate, replayed: false }
  }
}
