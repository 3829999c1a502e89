import { toHex } from '@keyline/bytes'
import type { PsaReferenceValue } from '@keyline/eat'

/** Expected measurements of one implementation, found by their digests. */
export class ReferenceSet {
  readonly values: readonly PsaReferenceValue[]
  readonly #byDigest = new Map<string, PsaReferenceValue[]>()

  constructor(values: readonly PsaReferenceValue[]) {
    this.values = values
    for (const value of values) {
      for (const digest of value.digests) {
        const name = toHex(digest.value)
        const alike = this.#byDigest.get(name)
        if (alike === undefined) this.#byDigest.set(name, [value])
        else alike.push(value)
      }
    }
  }

  /** Those with a digest equal to a measurement. */
  withDigest(measurement: Uint8Array): readonly PsaReferenceValue[] {
    return this.values.length === 0 ? [] : (this.#byDigest.get(toHex(measurement)) ?? [])
  }
}

export const noReferences: ReferenceSet = new ReferenceSet([])
