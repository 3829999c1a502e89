import { encodeUtf8, type Finding } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { batchRules, type BatchRule } from './batch-rules.ts'
import { nameOfField, type FactoryData } from './factory-data.ts'

/** What must belong to one device alone; of passcode and discriminator it is the pair. */
export type IdentityKind = 'serialNumber' | 'rotatingDeviceId' | 'dacPublicKey' | 'commissioning'

/** One identity of a device. */
export interface Identity {
  readonly kind: IdentityKind
  readonly value: string | Uint8Array
}

/** Identities that exist already: of the ledger, or of an earlier batch. */
export interface IdentityLookup {
  has(kind: IdentityKind, value: string | Uint8Array): Promise<boolean> | boolean
}

/** Octets of a slot: the digest of one identity. */
const slotWords = 4
const initialSlots = 1024
/** Linear probing stays short up to this share of the slots. */
const maxLoad = 0.8

/**
 * Tells whether an identity was met before, at 16 octets a slot (20 to 40 octets an identity, as the table doubles),
 * so that a million devices fit a small heap. It keeps 127 bits of a SHA-256 instead of the value: that a fresh
 * identity counts as repeated has a chance below 2^-80 in a batch of a million devices. A repeated one is always found.
 */
export class IdentityIndex implements IdentityLookup {
  #slots = new Uint32Array(initialSlots * slotWords)
  #size = 0

  /** Identities that were added. */
  get size(): number {
    return this.#size
  }

  add(kind: IdentityKind, value: string | Uint8Array): 'new' | 'repeated' {
    const digest = digestOf(kind, value)
    const place = placeOf(this.#slots, digest)
    if (this.#slots[place] !== 0) return 'repeated'
    this.#slots.set(digest, place)
    this.#size++
    if (this.#size * slotWords > this.#slots.length * maxLoad) this.#grow()
    return 'new'
  }

  has(kind: IdentityKind, value: string | Uint8Array): boolean {
    return this.#slots[placeOf(this.#slots, digestOf(kind, value))] !== 0
  }

  #grow(): void {
    const grown = new Uint32Array(this.#slots.length * 2)
    for (let place = 0; place < this.#slots.length; place += slotWords) {
      if (this.#slots[place] === 0) continue
      const digest = this.#slots.subarray(place, place + slotWords)
      grown.set(digest, placeOf(grown, digest))
    }
    this.#slots = grown
  }
}

/** The identities of a set, as far as it has them. A DAC in the set brings its key by `dacPublicKey`. */
export function identitiesOf(data: FactoryData): readonly Identity[] {
  const { serialNumber, rotatingDeviceId, dacPublicKey, passcode, discriminator } = data
  const identities: Identity[] = []
  if (serialNumber !== undefined) identities.push({ kind: 'serialNumber', value: serialNumber })
  if (rotatingDeviceId !== undefined) {
    identities.push({ kind: 'rotatingDeviceId', value: rotatingDeviceId })
  }
  if (dacPublicKey !== undefined) identities.push({ kind: 'dacPublicKey', value: dacPublicKey })
  if (passcode !== undefined && discriminator !== undefined) {
    identities.push({ kind: 'commissioning', value: `${passcode}/${discriminator}` })
  }
  return identities
}

const rules = {
  serialNumber: 'BATCH-01',
  rotatingDeviceId: 'BATCH-02',
  dacPublicKey: 'BATCH-03',
  commissioning: 'BATCH-04',
} as const satisfies Readonly<Record<IdentityKind, BatchRule>>

/** BATCH-01 … BATCH-04: an identity that another device has, in the batch or where the lookup looked. */
export function repeatedFinding(identity: Identity, where: 'batch' | 'ledger'): Finding {
  const { kind, value } = identity
  const rule = rules[kind]
  const { severity, remedy } = batchRules[rule]
  return {
    rule,
    severity,
    field: nameOfField(kind === 'commissioning' ? 'discriminator' : kind),
    value: kind === 'serialNumber' && typeof value === 'string' ? value.slice(0, 40) : '',
    message:
      where === 'batch'
        ? 'another row of the batch has the same'
        : 'a device that was made before has the same',
    remedy,
  }
}

/** Four words, of which the first is never 0, the mark of an empty slot. */
function digestOf(kind: IdentityKind, value: string | Uint8Array): Uint32Array {
  const octets = typeof value === 'string' ? encodeUtf8(value) : value
  const digest = sha256(encodeUtf8(`${kind}\0`), octets)
  const words = new Uint32Array(digest.buffer, digest.byteOffset, slotWords)
  words[0] = (words[0] ?? 0) | 1
  return words
}

/** Where the digest stands, or the empty slot where it belongs. */
function placeOf(slots: Uint32Array, digest: Uint32Array): number {
  const [first, second, third = 0, fourth] = digest
  let place = (third * slotWords) % slots.length
  for (;;) {
    const word = slots[place]
    if (word === 0) return place
    if (word === first && slots[place + 1] === second) {
      if (slots[place + 2] === third && slots[place + 3] === fourth) return place
    }
    place = (place + slotWords) % slots.length
  }
}
