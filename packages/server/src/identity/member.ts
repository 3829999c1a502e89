/** What a member may do is decided by its role. */
export const Role = {
  owner: 'owner',
  officer: 'officer',
  station: 'station',
  operator: 'operator',
  auditor: 'auditor',
} as const
export type Role = (typeof Role)[keyof typeof Role]

/** A person or a station that the service knows. */
export interface Member {
  readonly name: string
  readonly role: Role
  readonly state: 'invited' | 'active' | 'blocked'
  /** SHA-256 of the SubjectPublicKeyInfo of its present certificate, lower-case hexadecimal. */
  readonly spkiSha256?: string | undefined
  readonly certificateSha256?: string | undefined
  /** End of its present certificate, milliseconds since 1970. */
  readonly notAfter?: number | undefined
  readonly blockReason?: string | undefined
  readonly createdAt: number
}

/** A certificate that a member gets: recorded before it leaves. Hashes are lower-case hexadecimal. */
export interface MemberCertificate {
  readonly name: string
  readonly certificateSha256: string
  readonly spkiSha256: string
  /** Milliseconds since 1970. */
  readonly notAfter: number
}

/** The record of members. Each method is one transaction with its audit record. */
export interface MemberStore {
  invite(invitation: {
    readonly name: string
    readonly role: Role
    readonly tokenSha256: string
    readonly expiresAt: number
  }): Promise<void>
  /** Uses the token up. */
  enrol(entry: MemberCertificate & { readonly tokenSha256: string }): Promise<Member>
  renew(entry: MemberCertificate & { readonly previousSpkiSha256: string }): Promise<Member>
  block(name: string, reason: string): Promise<Member>
  unblock(name: string): Promise<Member>
  get(name: string): Promise<Member | undefined>
  byKey(spkiSha256: string): Promise<Member | undefined>
  list(): Promise<readonly Member[]>
}

/** Name of a member: it stands as the common name in its certificate. */
export const memberName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
