import type { CertificateAnchorInput } from '@keyline/verifier'
import { ServerError } from '../../errors.ts'
import type { VerifierStore } from '../port.ts'

/** An authority of device certificates that is trusted. */
export interface AuthorityRecord extends CertificateAnchorInput {
  /** SHA-256 of the certificate, lower-case hexadecimal: its name. */
  readonly sha256: string
  /** Common name. */
  readonly subject: string
  /** Milliseconds since 1970. */
  readonly addedAt: number
}

export const denialKinds = ['serial-number', 'subject', 'key-hash'] as const

/** Certificates that are refused whoever signed them. Serial numbers and hashes of keys are in lower-case hexadecimal. */
export interface DenialRecord {
  readonly kind: (typeof denialKinds)[number]
  readonly value: string
  readonly reason: string
}

/** What a record keeps of X.509 (attestation-verifier 5.3), where it keeps it. */
export interface AuthorityStore {
  /** Trusts an authority; again: with these settings. @returns SHA-256 of its certificate */
  trust(authority: CertificateAnchorInput): Promise<string>
  /** @returns whether it was trusted */
  remove(sha256: string): Promise<boolean>
  list(): Promise<readonly AuthorityRecord[]>
  deny(denial: DenialRecord): Promise<void>
  /** @returns whether it was denied */
  allow(denial: Omit<DenialRecord, 'reason'>): Promise<boolean>
  denied(): Promise<readonly DenialRecord[]>
}

/** The store of a tenant that manages authorities. */
export interface ManagedTrust extends VerifierStore {
  readonly authorities: AuthorityStore
}

/** @throws ServerError `SERVER_NOT_IMPLEMENTED` for a record whose authorities stand in its configuration alone */
export function authoritiesOf(store: VerifierStore): AuthorityStore {
  if (hasAuthorities(store)) return store.authorities
  const message = 'the record of this service keeps no authorities of device certificates'
  throw new ServerError('SERVER_NOT_IMPLEMENTED', message, {
    remedy: 'configure them where the service takes them from',
  })
}

function hasAuthorities(store: VerifierStore): store is ManagedTrust {
  return 'authorities' in store
}
