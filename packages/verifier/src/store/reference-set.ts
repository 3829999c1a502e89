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

/** Equal for reference values that say the same. */
export function referencePrint(value: PsaReferenceValue): string {
  const { implementationId, name, version, signerId, digests } = value
  const octets = [implementationId, signerId, ...digests.map((digest) => digest.value)]
  return JSON.stringify([name ?? null, version ?? null, octets.map(toHex)])
}
