import { toHex } from '@keyline/bytes'
import { curvePublicKey, type CurvePublicKey } from '@keyline/crypto'
import type { CoseKey } from '@keyline/eat'
import type { AnchorKey } from './anchor.ts'
import { BoundedCache } from './bounded-cache.ts'

/** Parsed keys unless a caller asks for another number: about 13 MB. */
const defaultCapacity = 4096

/** Parses keys of anchors and keeps those of recently seen devices. */
export class KeyCache {
  readonly #parsed: BoundedCache<string, CurvePublicKey>

  constructor(capacity: number = defaultCapacity) {
    this.#parsed = new BoundedCache(capacity)
  }

  /** @throws CryptoError `CURVE_KEY` for octets that are no point, which an import refuses */
  keyOf(key: AnchorKey): CoseKey {
    if (key.type === 'symmetric') return key
    const name = toHex(key.point)
    const known = this.#parsed.get(name)
    if (known !== undefined) return { type: 'ec', publicKey: known }
    const publicKey = curvePublicKey(key.curve, key.point)
    this.#parsed.set(name, publicKey)
    return { type: 'ec', publicKey }
  }
}
