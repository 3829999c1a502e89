import { setImmediate } from 'node:timers/promises'
import { fromHex, toHex } from '@keyline/bytes'
import type { PsaCertification } from '@keyline/eat'
import {
  BoundedCache,
  type Answer,
  type CertificateTrust,
  type ReferenceSet,
  type TrustAnchor,
  type TrustStore,
} from '@keyline/verifier'
import type { TrustChange } from '../store/trust-changes.ts'
import type { Vault } from '../store/vault.ts'
import { anchorByName, anchorOf, anchorPage } from './anchor-rows.ts'
import { readCertificateTrust } from './authorities.ts'
import { readCertifications } from './certifications.ts'
import type { ChangeFeed } from './change-feed.ts'
import type { Desk } from './desk.ts'
import { HotAnchors } from './hot-anchors.ts'
import { ReadThrough } from './read-through.ts'
import { readReferences } from './references.ts'

export interface TrustStoreParts {
  readonly desk: Desk
  readonly feed: ChangeFeed
  readonly vault: Vault
  readonly tenant: string
  /** Most anchors in memory. */
  readonly anchorCapacity: number
  /** Whether symmetric keys are trusted. */
  readonly symmetricKeys: boolean
}

/** How long an unknown device is known to be unknown. */
const absentMs = 1000
const mostAbsent = 16_384
const mostImplementations = 1024
/** Rows that are read at once: a few milliseconds. */
const preloadPage = 1000

/**
 * What a tenant trusts, in memory where it was asked for, and one indexed read where it was not. Nothing in memory is older
 * than the bound of the change feed: otherwise every method throws, for it could not check.
 */
export class SqlTrustStore implements TrustStore {
  readonly #parts: TrustStoreParts
  readonly #anchors: HotAnchors
  /** Until when a device is known to be unknown, on the monotonic clock. */
  #absent = new BoundedCache<string, number>(mostAbsent)
  readonly #reading = new Map<string, Promise<TrustAnchor | undefined>>()
  readonly #references: ReadThrough<ReferenceSet>
  readonly #certifications: ReadThrough<readonly PsaCertification[]>
  readonly #certificates: ReadThrough<CertificateTrust>
  /** Changes whenever an anchor is forgotten. */
  #age = 0

  constructor(parts: TrustStoreParts) {
    this.#parts = parts
    const { desk, feed, tenant, anchorCapacity } = parts
    this.#anchors = new HotAnchors(anchorCapacity)
    this.#references = new ReadThrough(feed, mostImplementations, (name) =>
      desk.read((db) => readReferences(db, { tenant, implementationId: fromHex(name) })),
    )
    this.#certifications = new ReadThrough(feed, mostImplementations, (name) =>
      desk.read((db) => readCertifications(db, { tenant, implementationId: fromHex(name) })),
    )
    this.#certificates = new ReadThrough(feed, 1, () =>
      desk.read((db) => readCertificateTrust(db, tenant)),
    )
  }

  /** Anchors in memory. */
  get size(): number {
    return this.#anchors.size
  }

  /** @throws LedgerError `LEDGER_UNAVAILABLE`, `LEDGER_STALE` */
  findAnchor(
    implementationId: Uint8Array,
    instanceId: Uint8Array,
  ): Answer<TrustAnchor | undefined> {
    if (!this.#parts.feed.isFresh) return this.#findLater(implementationId, instanceId)
    const known = this.#anchors.find(implementationId, instanceId)
    if (known !== undefined) return known
    return this.#look(implementationId, instanceId)
  }

  referencesOf(implementationId: Uint8Array): Answer<ReferenceSet> {
    return this.#references.get(toHex(implementationId))
  }

  certificationsOf(implementationId: Uint8Array): Answer<readonly PsaCertification[]> {
    return this.#certifications.get(toHex(implementationId))
  }

  certificateTrust(): Answer<CertificateTrust> {
    return this.#certificates.get('')
  }

  /**
   * Reads anchors into memory, page by page and up to its capacity, so that the first token of a device needs no read.
   * @returns how many there are in memory
   */
  async preload(signal?: AbortSignal): Promise<number> {
    const { desk, feed, tenant, anchorCapacity, vault } = this.#parts
    if (!feed.isFresh) await feed.refresh()
    let after = new Uint8Array()
    while (this.size < anchorCapacity) {
      if (signal?.aborted === true) break
      // A read of SQLite is done when it returns: others have their turn here.
      await setImmediate()
      const age = this.#age
      const rows = await desk.read((db) => anchorPage(db, { tenant, after, limit: preloadPage }))
      // Of a page that was forgotten meanwhile nothing is kept: it is read once more.
      if (age !== this.#age) continue
      for (const row of rows) {
        if (row.kind !== 'symmetric') this.#anchors.keep(anchorOf(tenant, row, vault))
      }
      const last = rows.at(-1)
      if (last === undefined || rows.length < preloadPage) break
      after = Uint8Array.from(last.instance_id)
    }
    return this.size
  }

  forget({ kind, subject }: TrustChange): void {
    if (kind === 'anchor') this.#forgetAnchor(subject)
    if (kind === 'implementation') {
      this.#references.forgetAll()
      this.#certifications.forgetAll()
    }
    if (kind === 'certificates') this.#certificates.forgetAll()
  }

  forgetAll(): void {
    this.#forgetAnchor(null)
    this.#references.forgetAll()
    this.#certifications.forgetAll()
    this.#certificates.forgetAll()
  }

  /** Forgets which devices are unknown, once some were added. */
  forgetAbsent(): void {
    this.#age++
    this.#reading.clear()
    this.#absent = new BoundedCache(mostAbsent)
  }

  #forgetAnchor(instance: string | null): void {
    this.forgetAbsent()
    if (instance === null) this.#anchors.forgetAll()
    else this.#anchors.forget(fromHex(instance))
  }

  async #findLater(
    implementationId: Uint8Array,
    instanceId: Uint8Array,
  ): Promise<TrustAnchor | undefined> {
    await this.#parts.feed.refresh()
    const known = this.#anchors.find(implementationId, instanceId)
    return known ?? this.#look(implementationId, instanceId)
  }

  #look(implementationId: Uint8Array, instanceId: Uint8Array): Answer<TrustAnchor | undefined> {
    const name = `${toHex(implementationId)} ${toHex(instanceId)}`
    const absentUntil = this.#absent.get(name)
    if (absentUntil !== undefined && this.#parts.desk.clock.monotonicMs() < absentUntil) {
      return undefined
    }
    const known = this.#reading.get(name)
    if (known !== undefined) return known
    const reading = this.#read(name, implementationId, instanceId)
    this.#reading.set(name, reading)
    const settled = (): void => {
      if (this.#reading.get(name) === reading) this.#reading.delete(name)
    }
    reading.then(settled, settled)
    return reading
  }

  async #read(
    name: string,
    implementationId: Uint8Array,
    instanceId: Uint8Array,
  ): Promise<TrustAnchor | undefined> {
    const { desk, tenant, vault, symmetricKeys } = this.#parts
    const age = this.#age
    const [row] = await desk.read((db) =>
      anchorByName(db, { tenant, implementationId, instanceId }),
    )
    const isTrusted = row !== undefined && (row.kind !== 'symmetric' || symmetricKeys)
    const anchor = isTrusted ? anchorOf(tenant, row, vault) : undefined
    if (age === this.#age) {
      if (anchor !== undefined) this.#anchors.keep(anchor)
      else this.#absent.set(name, desk.clock.monotonicMs() + absentMs)
    }
    return anchor
  }
}
