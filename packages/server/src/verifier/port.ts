import type { Secret } from '@keyline/bytes'
import type { EndorsementStore, TrustStore } from '@keyline/verifier'

/**
 * What the verifier service asks of its record. Every method that throws means: could not check. Its rows belong to one
 * tenant (attestation-verifier chapter 13).
 */
export interface VerifierStore {
  /** Hot data: anchors, reference values, endorsements. */
  readonly trust: TrustStore
  /** The same data, to be changed. */
  readonly endorsements: EndorsementStore
  readonly sessions: SessionStore
  /** Nonces that were used, for `nonce.singleUse`. */
  readonly seen: SeenSet
  readonly policies: PolicyStore
  /** What was submitted: one record a CoRIM, replaced when the same id is submitted again. */
  readonly corims: CorimStore
  readonly appraisals: AppraisalLog
}

/** The record as the service needs it, over all tenants. */
export interface VerifierRecord {
  /** The store of a tenant; the default one is `0`. */
  tenant(name: string): VerifierStore
  readonly credentials: CredentialStore
  /** What the servers of one record share, sealed: the key of results, the key of nonces. */
  setting(name: string): Promise<Secret | undefined>
  setSetting(name: string, value: Secret): Promise<void>
  /** Stores a setting unless there is one, in one act, whoever else tries. @returns whether it was stored */
  addSetting(name: string, value: Secret): Promise<boolean>
  /** Fails when the record does not answer or what is kept of it in memory is stale. */
  ping(): Promise<void>
}

export type SessionState = 'waiting' | 'processing' | 'complete' | 'failed'

/** Evidence of a session. */
export interface Submission {
  readonly mediaType: string
  readonly evidence: Uint8Array
  /** SHA-256 over content type and body of the request, lower-case hexadecimal: tells a retry from another one. */
  readonly requestHash: string
}

export interface SessionRecord {
  /** UUID version 4, in lower case. */
  readonly id: string
  /** 8 to 64 octets. */
  readonly nonce: Uint8Array
  /** Milliseconds since 1970: from then on the session does not exist. */
  readonly expiresAt: number
  readonly state: SessionState
  /** What the opener asked for beside the nonce. */
  readonly dialect?: string | undefined
  readonly submission?: Submission | undefined
  /** EAR as compact JWS, once complete. */
  readonly result?: string | undefined
}

/** Sessions, shared by all servers (V3, V7). */
export interface SessionStore {
  open(session: Omit<SessionRecord, 'state' | 'submission' | 'result'>): Promise<void>
  /** A session that has not expired at `now`, milliseconds since 1970. */
  find(id: string, now: number): Promise<SessionRecord | undefined>
  /**
   * Takes a waiting session into processing, in one act, whoever else tries.
   * @returns the session as it was before: `waiting` for the one that got it; undefined when there is none
   */
  claim(id: string, submission: Submission, now: number): Promise<SessionRecord | undefined>
  /** Ends a session that is in processing. @returns whether this call ended it: of several, one does */
  finish(
    id: string,
    end: { readonly state: 'complete'; readonly result: string } | { readonly state: 'failed' },
  ): Promise<boolean>
  /** @returns whether there was one that had not expired */
  delete(id: string, now: number): Promise<boolean>
  /** Takes out what has expired. @returns how many */
  sweep(now: number): Promise<number>
}

/** Nonces and sealed sessions that were used, until they expire. */
export interface SeenSet {
  /**
   * Enters a use, in one act, whoever else tries.
   * @param key of the nonce, at most 64 octets
   * @returns `new`, or the hash of the request that used it before
   */
  enter(
    key: Uint8Array,
    use: { readonly requestHash: string; readonly expiresAt: number },
  ): Promise<'new' | { readonly requestHash: string }>
  sweep(now: number): Promise<number>
}

export interface PolicyRecord {
  /** UUID version 4, in lower case. */
  readonly uuid: string
  readonly scheme: string
  readonly name: string
  /** Media type of the rules. */
  readonly type: string
  readonly rules: string
  readonly isActive: boolean
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

/** Policies; at most one of a scheme is active. */
export interface PolicyStore {
  add(policy: Omit<PolicyRecord, 'isActive'>): Promise<void>
  /** The active one. Asked for each appraisal, so it answers from memory while that is fresh. */
  active(scheme: string): PolicyRecord | undefined | Promise<PolicyRecord | undefined>
  find(scheme: string, uuid: string): Promise<PolicyRecord | undefined>
  /** The oldest first. */
  list(scheme: string, name?: string): Promise<readonly PolicyRecord[]>
  /** @returns whether there is one of this name */
  activate(scheme: string, uuid: string, actor: string): Promise<boolean>
  deactivate(scheme: string, actor: string): Promise<void>
}

export interface CorimRecord {
  readonly corimId: string
  /** SHA-256 of the octets, lower-case hexadecimal. */
  readonly sha256: string
  readonly octets: number
  readonly signer?: string | undefined
  readonly submittedBy: string
  /** Milliseconds since 1970. */
  readonly submittedAt: number
}

export interface CorimStore {
  record(corim: CorimRecord): Promise<void>
  /** The newest first, at most `limit`. */
  list(limit: number): Promise<readonly CorimRecord[]>
}

/** What an appraisal came to (attestation-verifier chapter 12). */
export interface AppraisalRecord {
  /** Milliseconds since 1970. */
  readonly at: number
  /** SHA-256 of the session id or nonce, lower-case hexadecimal. */
  readonly sessionHash: string
  readonly mediaType: string
  /** SHA-256, lower-case hexadecimal. */
  readonly evidenceHash: string
  readonly implementationId?: string | undefined
  readonly instanceId?: string | undefined
  readonly outcome: 'genuine' | 'contraindicated' | 'could-not-check'
  /** Tier of the result; absent where nothing could be checked. */
  readonly status?: string | undefined
  /** Claims of the trust vector by name. */
  readonly vector?: Readonly<Record<string, number>> | undefined
  readonly codes: readonly string[]
  readonly policyId?: string | undefined
  /** Of the key that signed the result. */
  readonly keyId?: string | undefined
}

export interface AppraisalLog {
  /** Appends records, all or none. */
  append(records: readonly AppraisalRecord[]): Promise<void>
  /** The newest first, at most `limit`, of one device where its instance id is given. */
  list(query: {
    readonly limit: number
    readonly instanceId?: string | undefined
  }): Promise<readonly AppraisalRecord[]>
  /** Takes out what is older. @param before milliseconds since 1970 */
  sweep(before: number): Promise<number>
}

export const verifierRoles = ['provisioner', 'manager', 'client', 'auditor'] as const
export type VerifierRole = (typeof verifierRoles)[number]

/** A name that may ask the service (V15, V38). */
export interface CredentialRecord {
  readonly name: string
  readonly kind: 'password' | 'api-key'
  readonly roles: readonly VerifierRole[]
  /** Of a password: scrypt with its parameters and salt in one text. Of an API key: its SHA-256 in lower-case hexadecimal. */
  readonly verifier: string
  /** Milliseconds since 1970. */
  readonly expiresAt?: number | undefined
  readonly createdAt: number
}

export interface CredentialStore {
  /** @returns false when the name is taken */
  add(credential: CredentialRecord, actor: string): Promise<boolean>
  findName(name: string): Promise<CredentialRecord | undefined>
  findKey(sha256: string): Promise<CredentialRecord | undefined>
  list(): Promise<readonly CredentialRecord[]>
  /** @returns whether there was one */
  remove(name: string, actor: string): Promise<boolean>
}
