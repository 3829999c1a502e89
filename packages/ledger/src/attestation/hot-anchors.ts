import {
  CompactAnchors,
  type EcAnchor,
  type StatementSource,
  type TrustAnchor,
} from '@keyline/verifier'

/**
 * Anchors in memory: compact records in two generations. When the younger one is full the older one is given up, and what
 * is asked for moves to the younger, so that the devices that are seen stay.
 */
export class HotAnchors {
  readonly #generation: number
  #young = new CompactAnchors()
  #old = new CompactAnchors()
  /** Records that were written to the younger one, with those that were taken out again. */
  #written = 0
  readonly #sources = new Map<string, StatementSource>()

  /** @param capacity most anchors, about 130 octets each */
  constructor(capacity: number) {
    this.#generation = Math.ceil(capacity / 2)
  }

  /** How many there are; some may count twice. */
  get size(): number {
    return this.#young.size + this.#old.size
  }

  find(implementationId: Uint8Array, instanceId: Uint8Array): TrustAnchor | undefined {
    const young = this.#young.find(implementationId, instanceId)
    if (young !== undefined || this.#old.size === 0) return young
    const old = this.#old.find(implementationId, instanceId)
    if (old !== undefined) this.keep(old)
    return old
  }

  /** Keeps an anchor with a public key; one that is there stays as it is. */
  keep(anchor: TrustAnchor): void {
    const { implementationId, instanceId, key, state } = anchor
    if (key.type !== 'ec') return
    if (this.#young.find(implementationId, instanceId) !== undefined) return
    if (this.#written >= this.#generation) {
      this.#old = this.#young
      this.#startGeneration()
    }
    const record: EcAnchor = { implementationId, instanceId, key, state }
    this.#young.add(record, this.#sourceOf(anchor))
    this.#written++
  }

  forget(instanceId: Uint8Array): void {
    this.#young.remove(instanceId)
    this.#old.remove(instanceId)
  }

  forgetAll(): void {
    this.#old = new CompactAnchors()
    this.#startGeneration()
  }

  #startGeneration(): void {
    this.#young = new CompactAnchors()
    this.#written = 0
    this.#sources.clear()
  }

  /** One object for all anchors of a source: records name it by its number. */
  #sourceOf({ source, validity }: TrustAnchor): StatementSource | undefined {
    if (source === undefined) return undefined
    const name = JSON.stringify([source, validity?.notBefore ?? null, validity?.notAfter ?? null])
    const known = this.#sources.get(name)
    if (known !== undefined) return known
    const made = { id: source, validity }
    this.#sources.set(name, made)
    return made
  }
}
