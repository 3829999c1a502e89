import type { PsaCertification, PsaReferenceValue, Validity } from '@keyline/eat'
import type { AnchorState, TrustAnchor } from './anchor.ts'
import type { CertificateTrust } from './certificate-anchor.ts'
import type { ReferenceSet } from './reference-set.ts'

/** An answer that may be in memory. */
export type Answer<T> = T | Promise<T>

/** What a verifier asks of its store, one indexed read each. A method that throws means: could not check. */
export interface TrustStore {
  /** The key of exactly this device; nothing for a known instance under another implementation. */
  findAnchor(implementationId: Uint8Array, instanceId: Uint8Array): Answer<TrustAnchor | undefined>
  referencesOf(implementationId: Uint8Array): Answer<ReferenceSet>
  certificationsOf(implementationId: Uint8Array): Answer<readonly PsaCertification[]>
  /** Certificates of a device that were registered apart from its tokens: DER, the leaf first. */
  findCertificates?(instanceId: Uint8Array): Answer<readonly Uint8Array[] | undefined>
  certificateTrust(): Answer<CertificateTrust>
}

/** Where statements come from. */
export interface StatementSource {
  /** Id of the CoRIM, as text. */
  readonly id: string
  readonly validity?: Validity | undefined
}

/** What became of a statement: new, known before, or known otherwise. */
export type Placement = 'added' | 'present' | 'conflict' | 'replaced'

/** One import: all of it or nothing (attestation-verifier 4.3). */
export interface EndorsementTransaction {
  /**
   * Adds a key. The same instance id with another key is a conflict and changes nothing, unless it is to be replaced.
   */
  addAnchor(
    anchor: Pick<TrustAnchor, 'implementationId' | 'instanceId' | 'key'>,
    options: { readonly replace: boolean },
  ): Answer<Placement>
  addReference(value: PsaReferenceValue): Answer<Placement>
  addCertification(value: PsaCertification): Answer<Placement>
  commit(): Answer<void>
  rollback(): Answer<void>
}

export interface EndorsementStore {
  begin(source: StatementSource): Answer<EndorsementTransaction>
  /** @returns whether the device is known */
  setState(instanceId: Uint8Array, state: AnchorState): Answer<boolean>
}
