import { join } from 'node:path'
import type { Clock } from '@keyline/bytes'
import type { Ledger } from '@keyline/ledger'
import { attestationOf } from '@keyline/ledger/attestation'
import type { AnyOrder, OrderAttestation, VerdictRecord } from '@keyline/ledger/records'
import {
  attestedKeyOf,
  makeResultFolder,
  orderCorim,
  removeResult,
  writeWhole,
} from '@keyline/station'
import { importCorim, type EndorsementStore } from '@keyline/verifier'

export interface OrderEndorsementsOptions {
  /** Folder of the results of the order. */
  readonly folder: string
  readonly ledger: Ledger
  readonly order: Pick<AnyOrder, 'id' | 'images' | 'attestation'>
  readonly clock: Clock
  /** What learns of the order, by tenant; the verifier of the ledger unless given. */
  readonly endorsements?: ((tenant: string) => EndorsementStore) | undefined
}

/**
 * What a verifier gets of an order: the CoRIM in the results folder, and the same in the verifier's part of the ledger.
 * Everything comes from the ledger and may be done again: what a crash left out between a verdict and here, the next
 * run makes good before its first board.
 */
export class OrderEndorsements implements AsyncDisposable {
  readonly #options: OrderEndorsementsOptions
  readonly #attestation: OrderAttestation
  readonly #store: EndorsementStore
  readonly #close: () => Promise<void>
  /** Implementations whose reference values are known to be in the store. */
  readonly #imported = new Set<string>()

  private constructor(
    options: OrderEndorsementsOptions,
    attestation: OrderAttestation,
    { store, close }: { readonly store: EndorsementStore; readonly close: () => Promise<void> },
  ) {
    this.#options = options
    this.#attestation = attestation
    this.#store = store
    this.#close = close
  }

  /** Nothing for an order without attestation. */
  static async open(options: OrderEndorsementsOptions): Promise<OrderEndorsements | undefined> {
    const { ledger, order, endorsements } = options
    const { attestation } = order
    if (attestation === undefined) return undefined
    const { tenant } = attestation
    if (endorsements !== undefined) {
      const store = endorsements(tenant)
      return new OrderEndorsements(options, attestation, { store, close: nothingToClose })
    }
    const record = await attestationOf(ledger)
    const store = record.tenant(tenant).endorsements
    return new OrderEndorsements(options, attestation, { store, close: () => record.close() })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close()
  }

  /** A unit has passed: the first of its implementation brings the reference values. */
  async afterPass(evidence: VerdictRecord['evidence']): Promise<void> {
    const key = attestedKeyOf({ verdict: 'PASS', evidence })
    if (key !== undefined && !this.#imported.has(key.implementationId)) await this.write()
  }

  /** Writes the CoRIM of the units that have passed and were not scrapped, and imports it. */
  async write(): Promise<void> {
    const { folder, ledger, order, clock } = this.#options
    const reports = await ledger.unitsOf(order.id)
    const keys = reports.flatMap(({ verdict, scrap }) => {
      const key = verdict === undefined || scrap !== undefined ? undefined : attestedKeyOf(verdict)
      return key ?? []
    })
    const corim = orderCorim({
      order: order.id,
      attestation: this.#attestation,
      application: order.images.application.sha256,
      keys,
    })
    const file = join(folder, `${order.id}.corim`)
    if (corim === undefined) {
      removeResult(file)
      return
    }
    makeResultFolder(folder)
    writeWhole(file, corim)
    await importCorim(corim, this.#store, { time: Math.floor(clock.now() / 1000) })
    for (const { implementationId } of keys) this.#imported.add(implementationId)
  }
}

function nothingToClose(): Promise<void> {
  return Promise.resolve()
}
