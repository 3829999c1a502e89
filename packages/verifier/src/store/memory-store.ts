import { equalOctets, toHex } from '@keyline/bytes'
import type { PsaCertification, PsaReferenceValue } from '@keyline/eat'
import type { AnchorKey, AnchorState, TrustAnchor } from './anchor.ts'
import { noCertificates, type CertificateTrust } from './certificate-anchor.ts'
import { CompactAnchors } from './compact-anchors.ts'
import { noReferences, referencePrint, ReferenceSet } from './reference-set.ts'
import type {
  EndorsementStore,
  EndorsementTransaction,
  Placement,
  StatementSource,
  TrustStore,
} from './trust-store.ts'

type NewAnchor = Pick<TrustAnchor, 'implementationId' | 'instanceId'> & {
  readonly key: Extract<AnchorKey, { readonly type: 'ec' }>
  /** `renewed`: known, and now by another CoRIM with a validity of its own. */
  readonly placement: 'added' | 'replaced' | 'renewed'
}

/** A trust store in memory, for tests, for the command line and in front of a database. */
export class MemoryTrustStore implements TrustStore, EndorsementStore {
  readonly #anchors = new CompactAnchors()
  readonly #references = new Map<string, ReferenceSet>()
  readonly #certifications = new Map<string, readonly PsaCertification[]>()
  readonly #certificates: CertificateTrust

  constructor(certificates: CertificateTrust = noCertificates) {
    this.#certificates = certificates
  }

  /** Devices. */
  get size(): number {
    return this.#anchors.size
  }

  findAnchor(implementationId: Uint8Array, instanceId: Uint8Array): TrustAnchor | undefined {
    return this.#anchors.find(implementationId, instanceId)
  }

  referencesOf(implementationId: Uint8Array): ReferenceSet {
    return this.#references.get(toHex(implementationId)) ?? noReferences
  }

  certificationsOf(implementationId: Uint8Array): readonly PsaCertification[] {
    return this.#certifications.get(toHex(implementationId)) ?? []
  }

  certificateTrust(): CertificateTrust {
    return this.#certificates
  }

  setState(instanceId: Uint8Array, state: AnchorState): boolean {
    return this.#anchors.setState(instanceId, state)
  }

  begin(source: StatementSource): EndorsementTransaction {
    return new MemoryTransaction({
      anchorsOf: (instanceId) => this.#anchors.ofInstance(instanceId),
      referencesOf: (implementationId) => this.referencesOf(implementationId),
      certificationsOf: (implementationId) => this.certificationsOf(implementationId),
      apply: ({ anchors, references, certifications }) => {
        for (const anchor of anchors) {
          const record = { ...anchor, state: 'active' } as const
          if (anchor.placement === 'added') this.#anchors.add(record, source)
          else if (anchor.placement === 'replaced') this.#anchors.replace(record, source)
          else this.#anchors.renew(record, source)
        }
        for (const [name, added] of references) {
          const known = this.#references.get(name)?.values ?? []
          this.#references.set(name, new ReferenceSet([...known, ...added]))
        }
        for (const [name, added] of certifications) {
          this.#certifications.set(name, [...(this.#certifications.get(name) ?? []), ...added])
        }
      },
    })
  }
}

interface Changes {
  readonly anchors: readonly NewAnchor[]
  readonly references: ReadonlyMap<string, readonly PsaReferenceValue[]>
  readonly certifications: ReadonlyMap<string, readonly PsaCertification[]>
}

interface Present {
  anchorsOf(instanceId: Uint8Array): readonly TrustAnchor[]
  referencesOf(implementationId: Uint8Array): ReferenceSet
  certificationsOf(implementationId: Uint8Array): readonly PsaCertification[]
  apply(changes: Changes): void
}

class MemoryTransaction implements EndorsementTransaction {
  readonly #present: Present
  readonly #anchors = new Map<string, NewAnchor[]>()
  readonly #references = new Map<string, PsaReferenceValue[]>()
  readonly #fingerprints = new Set<string>()
  readonly #certifications = new Map<string, PsaCertification[]>()

  constructor(present: Present) {
    this.#present = present
  }

  addAnchor(
    anchor: Pick<TrustAnchor, 'implementationId' | 'instanceId' | 'key'>,
    { replace }: { readonly replace: boolean },
  ): Placement {
    const { implementationId, instanceId, key } = anchor
    if (key.type !== 'ec') throw new TypeError('a CoRIM names public keys alone')
    const name = toHex(instanceId)
    const pending = this.#anchors.get(name) ?? []
    const known = [
      ...pending,
      ...this.#present.anchorsOf(instanceId).filter((one) => !isNamed(one, pending)),
    ]
    const same = known.find((one) => equalOctets(one.implementationId, implementationId))
    if (same !== undefined && isSameKey(same.key, key)) {
      if (pending.length === 0) {
        const renewed = { implementationId, instanceId, key, placement: 'renewed' } as const
        this.#anchors.set(name, [copyOf(renewed)])
      }
      return 'present'
    }
    const isConflict = known.some((one) => !isSameKey(one.key, key))
    if (isConflict && !(replace && same !== undefined && known.length === 1)) return 'conflict'
    const placement = same === undefined ? 'added' : 'replaced'
    // A key of the same import is not replaced: which of the two is meant?
    if (placement === 'replaced' && pending.length > 0) return 'conflict'
    this.#anchors.set(name, [...pending, copyOf({ implementationId, instanceId, key, placement })])
    return placement
  }

  addReference(value: PsaReferenceValue): Placement {
    const name = toHex(value.implementationId)
    const print = referencePrint(value)
    const [first] = value.digests
    const alike =
      first && this.#present.referencesOf(value.implementationId).withDigest(first.value)
    const isKnown = alike?.some((one) => referencePrint(one) === print) === true
    if (isKnown || this.#fingerprints.has(print)) return 'present'
    this.#fingerprints.add(print)
    const pending = this.#references.get(name)
    if (pending === undefined) this.#references.set(name, [ownReference(value)])
    else pending.push(ownReference(value))
    return 'added'
  }

  addCertification(value: PsaCertification): Placement {
    const name = toHex(value.implementationId)
    const pending = this.#certifications.get(name) ?? []
    const known = [...this.#present.certificationsOf(value.implementationId), ...pending]
    if (known.some(({ number }) => number === value.number)) return 'present'
    const { implementationId, ...rest } = value
    this.#certifications.set(name, [
      ...pending,
      { ...rest, implementationId: implementationId.slice() },
    ])
    return 'added'
  }

  commit(): void {
    this.#present.apply({
      anchors: [...this.#anchors.values()].flat(),
      references: this.#references,
      certifications: this.#certifications,
    })
    this.rollback()
  }

  rollback(): void {
    this.#anchors.clear()
    this.#references.clear()
    this.#fingerprints.clear()
    this.#certifications.clear()
  }
}

/** Whether a transaction has a word of its own on an anchor. */
function isNamed({ implementationId }: TrustAnchor, pending: readonly NewAnchor[]): boolean {
  return pending.some((one) => equalOctets(one.implementationId, implementationId))
}

function isSameKey(one: AnchorKey, other: AnchorKey): boolean {
  if (one.type === 'symmetric' || other.type === 'symmetric') return false
  return one.curve === other.curve && equalOctets(one.point, other.point)
}

/** What a decoder gives are views of its input. */
function copyOf({ implementationId, instanceId, key, placement }: NewAnchor): NewAnchor {
  return {
    implementationId: implementationId.slice(),
    instanceId: instanceId.slice(),
    key: { ...key, point: key.point.slice() },
    placement,
  }
}

function ownReference(value: PsaReferenceValue): PsaReferenceValue {
  return {
    ...value,
    implementationId: value.implementationId.slice(),
    signerId: value.signerId.slice(),
    digests: value.digests.map((digest) => ({ ...digest, value: digest.value.slice() })),
  }
}
