import { toHex } from '@keyline/bytes'
import { curvePublicKey, fleetingPublicKey, type CurvePublicKey } from '@keyline/crypto'
import type { CoseKey } from '@keyline/eat'
import type { AnchorKey } from './anchor.ts'
import { BoundedCache } from './bounded-cache.ts'

/** Parsed keys unless a caller asks for another number: about 13 MB. */
const defaultCapacity = 4096

/**
 * Parses keys of anchors and keeps those of devices that come back. A key that is seen once is let go at once: in a
 * fleet in which each device reports now and then, keeping it would cost more than it could ever save.
 */
export class KeyCache {
  readonly #parsed: BoundedCache<string, CurvePublicKey>
  /** For each place, which key was seen there last; places are as many as keys are kept, at least. */
  readonly #seen: Uint32Array

  constructor(capacity: number = defaultCapacity) {
    this.#parsed = new BoundedCache(capacity)
    this.#seen = new Uint32Array(capacity === 0 ? 0 : 2 ** Math.ceil(Math.log2(capacity)))
  }

  /** Keys that are kept. */
  get size(): number {
    return this.#parsed.size
  }

  /** @throws CryptoError `CURVE_KEY` for octets that are no point, which an import refuses */
  keyOf(key: AnchorKey): CoseKey {
    if (key.type === 'symmetric') return key
    if (!this.#isSeenAgain(key.point)) {
      return { type: 'ec', publicKey: fleetingPublicKey(key.curve, key.point) }
    }
    const name = toHex(key.point)
    const known = this.#parsed.get(name)
    if (known !== undefined) return { type: 'ec', publicKey: known }
    const publicKey = curvePublicKey(key.curve, key.point)
    this.#parsed.set(name, publicKey)
    return { type: 'ec', publicKey }
  }

  /** The end of a key that was drawn is as good as a hash of it; one that was chosen harms its own place alone. */
  #isSeenAgain(point: Uint8Array): boolean {
    if (this.#seen.length === 0) return false
    const place = wordAt(point, point.length - 4) % this.#seen.length
    const sight = wordAt(point, point.length - 8)
    if (this.#seen[place] === sight) return true
    this.#seen[place] = sight
    return false
  }
}

/** Four octets, big endian. */
function wordAt(octets: Uint8Array, at: number): number {
  const high = ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0)
  const low = ((octets[at + 2] ?? 0) << 8) | (octets[at + 3] ?? 0)
  return ((high << 16) | low) >>> 0
}
