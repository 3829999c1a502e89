import { equalOctets } from '@keyline/bytes'

/** Contents each memory keeps: a batch knows one PAI and one declaration, a repair shop a few. */
const rememberedContents = 8

/**
 * What was found out about octets that come again and again, such as the PAI certificate of a batch. Octets are
 * compared whole, so that nothing is taken on trust; the oldest content is forgotten first.
 */
export class ContentMemory<T> {
  readonly #known: { readonly octets: Uint8Array; readonly result: T }[] = []

  /** The remembered result of the same octets, else that of `examine`, which gets a copy to keep. */
  recall(octets: Uint8Array, examine: (copy: Uint8Array) => T): T {
    for (const entry of this.#known) if (equalOctets(entry.octets, octets)) return entry.result
    const copy = Uint8Array.from(octets)
    const result = examine(copy)
    if (this.#known.length === rememberedContents) this.#known.shift()
    this.#known.push({ octets: copy, result })
    return result
  }
}
