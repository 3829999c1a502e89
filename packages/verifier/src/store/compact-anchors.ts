import { equalOctets, toHex } from '@keyline/bytes'
import { publicKeyLength } from '@keyline/crypto'
import { anchorCurves, type AnchorCurve, type TrustAnchor } from './anchor.ts'
import type { StatementSource } from './trust-store.ts'

/** Record: instance id (33), curve (1), state (1), implementation (4), source (4), X ‖ Y (64, 96 or 132). */
const at = {
  instanceId: 0,
  curve: 33,
  state: 34,
  implementation: 35,
  source: 39,
  point: 43,
} as const
const pageLength = 1 << 20
const largestRecord = at.point + 132
const leastSlots = 1 << 10
/** Number of no source. */
const noSource = 0xffff_ffff

/** An anchor with a public key. */
export type EcAnchor = Pick<TrustAnchor, 'implementationId' | 'instanceId' | 'state'> & {
  readonly key: { readonly type: 'ec'; readonly curve: AnchorCurve; readonly point: Uint8Array }
}

/**
 * Keys of many devices in few large blocks: about 120 octets a device on P-256 with its place in the index, so that a
 * million of them are 120 MB and the collector of the runtime has nothing to walk.
 */
export class CompactAnchors {
  readonly #pages: Uint8Array[] = []
  #used = pageLength
  /**
   * Place of the record plus one; 0 is free. Open addressing by the hash of the instance id, at most a quarter full, so
   * that most lookups meet one record.
   */
  #slots = new Uint32Array(leastSlots)
  #count = 0
  readonly #implementations: Uint8Array[] = []
  readonly #implementationNumbers = new Map<string, number>()
  readonly #sources: StatementSource[] = []
  readonly #sourceNumbers = new Map<StatementSource, number>()

  get size(): number {
    return this.#count
  }

  find(implementationId: Uint8Array, instanceId: Uint8Array): TrustAnchor | undefined {
    if (instanceId.length !== at.curve) return undefined
    const mask = this.#slots.length - 1
    for (let slot = hashOf(instanceId) & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot] ?? 0
      if (entry === 0) return undefined
      if (!this.#isOf(entry - 1, instanceId)) continue
      const anchor = this.#read(entry - 1)
      if (equalOctets(anchor.implementationId, implementationId)) return anchor
    }
  }

  /** All of an instance, whatever its implementation. */
  ofInstance(instanceId: Uint8Array): readonly TrustAnchor[] {
    return Array.from(this.#placesOf(instanceId), (place) => this.#read(place))
  }

  /** Adds an anchor that is not there. @param source the CoRIM that names it; nothing where none does */
  add(anchor: EcAnchor, source: StatementSource | undefined): void {
    if (4 * (this.#count + 1) > this.#slots.length) this.#grow()
    const place = this.#write(anchor, this.#sourceNumber(source))
    this.#insert(place, anchor.instanceId)
    this.#count++
  }

  /** Gives an anchor another key of the same curve or another; the old record stays as unused octets. */
  replace(anchor: EcAnchor, source: StatementSource): void {
    const place = this.#write(anchor, this.#sourceNumber(source))
    for (const slot of this.#slotsOf(anchor.instanceId)) {
      const old = this.#read((this.#slots[slot] ?? 0) - 1)
      if (equalOctets(old.implementationId, anchor.implementationId)) this.#slots[slot] = place + 1
    }
  }

  /** Lets another CoRIM stand for an anchor, with its validity; its state stays. */
  renew(
    { implementationId, instanceId }: Pick<EcAnchor, 'implementationId' | 'instanceId'>,
    source: StatementSource,
  ): void {
    const number = this.#sourceNumber(source)
    for (const place of this.#placesOf(instanceId)) {
      if (!equalOctets(this.#read(place).implementationId, implementationId)) continue
      const record = this.#record(place)
      new DataView(record.buffer, record.byteOffset).setUint32(at.source, number)
    }
  }

  /** @returns whether the instance is known */
  setState(instanceId: Uint8Array, state: TrustAnchor['state']): boolean {
    let isKnown = false
    for (const place of this.#placesOf(instanceId)) {
      this.#record(place)[at.state] = state === 'active' ? 0 : 1
      isKnown = true
    }
    return isKnown
  }

  /** Forgets all of an instance; their records stay as unused octets. @returns whether the instance was known */
  remove(instanceId: Uint8Array): boolean {
    if (instanceId.length !== at.curve) return false
    let isKnown = false
    for (;;) {
      const [slot] = this.#slotsOf(instanceId)
      if (slot === undefined) return isKnown
      this.#free(slot)
      this.#count--
      isKnown = true
    }
  }

  *#slotsOf(instanceId: Uint8Array): Generator<number> {
    const mask = this.#slots.length - 1
    let slot = hashOf(instanceId) & mask
    for (;;) {
      const entry = this.#slots[slot] ?? 0
      if (entry === 0) return
      if (this.#isOf(entry - 1, instanceId)) yield slot
      slot = (slot + 1) & mask
    }
  }

  *#placesOf(instanceId: Uint8Array): Generator<number> {
    if (instanceId.length !== at.curve) return
    for (const slot of this.#slotsOf(instanceId)) yield (this.#slots[slot] ?? 0) - 1
  }

  /** Compares in place, the last octet first: all instance ids begin alike. */
  #isOf(place: number, instanceId: Uint8Array): boolean {
    const page = this.#pages[Math.floor(place / pageLength)]
    if (page === undefined) return false
    const start = place % pageLength
    for (let index = at.curve - 1; index >= 0; index--) {
      if (page[start + index] !== instanceId[index]) return false
    }
    return true
  }

  #record(place: number): Uint8Array {
    const page = this.#pages[Math.floor(place / pageLength)] ?? new Uint8Array()
    return page.subarray(place % pageLength)
  }

  #read(place: number): TrustAnchor {
    const record = this.#record(place)
    const view = new DataView(record.buffer, record.byteOffset)
    const curve = anchorCurves[record[at.curve] ?? 0] ?? 'P-256'
    const source = this.#sources[view.getUint32(at.source)]
    return {
      implementationId:
        this.#implementations[view.getUint32(at.implementation)] ?? new Uint8Array(),
      instanceId: record.subarray(0, at.curve),
      key: {
        type: 'ec',
        curve,
        point: record.subarray(at.point, at.point + publicKeyLength(curve)),
      },
      state: record[at.state] === 0 ? 'active' : 'revoked',
      validity: source?.validity,
      source: source?.id,
    }
  }

  #write({ implementationId, instanceId, key, state }: EcAnchor, source: number): number {
    if (this.#used + largestRecord > pageLength) {
      this.#pages.push(new Uint8Array(pageLength))
      this.#used = 0
    }
    const place = (this.#pages.length - 1) * pageLength + this.#used
    const record = this.#record(place)
    const view = new DataView(record.buffer, record.byteOffset)
    record.set(instanceId)
    record[at.curve] = anchorCurves.indexOf(key.curve)
    record[at.state] = state === 'active' ? 0 : 1
    view.setUint32(at.implementation, this.#implementationNumber(implementationId))
    view.setUint32(at.source, source)
    record.set(key.point, at.point)
    this.#used += at.point + key.point.length
    return place
  }

  #insert(place: number, instanceId: Uint8Array): void {
    const mask = this.#slots.length - 1
    let slot = hashOf(instanceId) & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = place + 1
  }

  /** Empties a slot and moves up what stands behind it, so that no search ends before its record. */
  #free(slot: number): void {
    const mask = this.#slots.length - 1
    let hole = slot
    for (let next = (slot + 1) & mask; ; next = (next + 1) & mask) {
      const entry = this.#slots[next] ?? 0
      if (entry === 0) break
      const home = hashOf(this.#record(entry - 1).subarray(0, at.curve)) & mask
      if (((next - home) & mask) < ((next - hole) & mask)) continue
      this.#slots[hole] = entry
      hole = next
    }
    this.#slots[hole] = 0
  }

  #grow(): void {
    const old = this.#slots
    this.#slots = new Uint32Array(2 * old.length)
    for (const entry of old) {
      if (entry !== 0) this.#insert(entry - 1, this.#record(entry - 1).subarray(0, at.curve))
    }
  }

  #implementationNumber(implementationId: Uint8Array): number {
    const name = toHex(implementationId)
    const known = this.#implementationNumbers.get(name)
    if (known !== undefined) return known
    const number = this.#implementations.push(implementationId.slice()) - 1
    this.#implementationNumbers.set(name, number)
    return number
  }

  #sourceNumber(source: StatementSource | undefined): number {
    if (source === undefined) return noSource
    const known = this.#sourceNumbers.get(source)
    if (known !== undefined) return known
    const number = this.#sources.push(source) - 1
    this.#sourceNumbers.set(source, number)
    return number
  }
}

/** FNV-1a over the octets of an instance id. */
function hashOf(octets: Uint8Array): number {
  let hash = 0x811c9dc5
  for (const octet of octets) hash = Math.imul(hash ^ octet, 0x01000193)
  return (hash ^ (hash >>> 15)) >>> 0
}
