import type { AttestationSessionRow } from '../database/attestation-schema.ts'
import { statement, type Values } from '../database/statement.ts'
import type { Desk } from './desk.ts'

export type SessionState = AttestationSessionRow['state']

/** Evidence that was handed in. */
export interface SessionSubmission {
  readonly mediaType: string
  readonly evidence: Uint8Array
  /** SHA-256 over content type and body of the request, lower-case hexadecimal. */
  readonly requestHash: string
}

/** A challenge-response session. */
export interface AttestationSession {
  readonly id: string
  readonly nonce: Uint8Array
  /** Milliseconds since 1970: from then on the session does not exist. */
  readonly expiresAt: number
  readonly state: SessionState
  readonly dialect?: string | undefined
  readonly submission?: SessionSubmission | undefined
  /** Compact JWS, once complete. */
  readonly result?: string | undefined
}

export type SessionEnd =
  | { readonly state: 'complete'; readonly result: string }
  | { readonly state: 'failed' }

interface Named {
  readonly tenant: string
  readonly id: string
  readonly now: number
}

const sessionById = statement((db, { tenant, id, now }: Values<Named>) =>
  db
    .selectFrom('attestation_session')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .where('expires_at', '>', now),
)

type Opened = Pick<AttestationSessionRow, 'tenant' | 'id' | 'nonce' | 'expires_at' | 'dialect'>

const openSession = statement((db, row: Values<Opened>) =>
  db.insertInto('attestation_session').values({
    tenant: row.tenant,
    id: row.id,
    nonce: row.nonce,
    expires_at: row.expires_at,
    dialect: row.dialect,
    state: 'waiting',
    media_type: null,
    evidence: null,
    request_hash: null,
    result: null,
  }),
)

interface Claim extends Named {
  readonly mediaType: string
  readonly evidence: Uint8Array
  readonly requestHash: string
}

// The one statement that decides whose evidence a session gets.
const claimSession = statement((db, claim: Values<Claim>) =>
  db
    .updateTable('attestation_session')
    .set({
      state: 'processing',
      media_type: claim.mediaType,
      evidence: claim.evidence,
      request_hash: claim.requestHash,
    })
    .where('tenant', '=', claim.tenant)
    .where('id', '=', claim.id)
    .where('state', '=', 'waiting')
    .where('expires_at', '>', claim.now)
    .returning(['nonce', 'expires_at', 'dialect']),
)

interface Finish extends Omit<Named, 'now'> {
  readonly state: SessionState
  readonly result: string | null
}

const finishSession = statement((db, { tenant, id, state, result }: Values<Finish>) =>
  db
    .updateTable('attestation_session')
    .set({ state, result })
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .where('state', '=', 'processing')
    .returning('id'),
)

const deleteSession = statement((db, { tenant, id }: Values<Omit<Named, 'now'>>) =>
  db
    .deleteFrom('attestation_session')
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .returning('expires_at'),
)

/** Sessions of a tenant, shared by all servers: one evidence each, whoever hands it in (V3, V7). */
export class Sessions {
  readonly #desk: Desk
  readonly #tenant: string

  constructor(desk: Desk, tenant: string) {
    this.#desk = desk
    this.#tenant = tenant
  }

  /** Opens a session; its id must be a new one. */
  async open(session: Omit<AttestationSession, 'state' | 'submission' | 'result'>): Promise<void> {
    const { id, nonce, expiresAt, dialect } = session
    const row = { tenant: this.#tenant, id, nonce, expires_at: expiresAt, dialect: dialect ?? null }
    await this.#desk.change((db) => openSession(db, row))
  }

  /** @param now milliseconds since 1970 */
  async find(id: string, now: number): Promise<AttestationSession | undefined> {
    const [row] = await this.#desk.read((db) => sessionById(db, { tenant: this.#tenant, id, now }))
    return row === undefined ? undefined : sessionOf(row)
  }

  /**
   * Takes a waiting session into processing, in one act, whoever else tries.
   * @returns the session as it was before: `waiting` for the one that got it; nothing when there is none
   */
  async claim(
    id: string,
    submission: SessionSubmission,
    now: number,
  ): Promise<AttestationSession | undefined> {
    const tenant = this.#tenant
    const [got] = await this.#desk.change((db) =>
      claimSession(db, { ...submission, tenant, id, now }),
    )
    if (got === undefined) return this.find(id, now)
    return {
      id,
      nonce: Uint8Array.from(got.nonce),
      expiresAt: got.expires_at,
      state: 'waiting',
      dialect: got.dialect ?? undefined,
    }
  }

  /** Ends a session that is in processing; of another one nothing changes. */
  async finish(id: string, end: SessionEnd): Promise<boolean> {
    const { state } = end
    const result = end.state === 'complete' ? end.result : null
    const [ended] = await this.#desk.change((db) =>
      finishSession(db, { tenant: this.#tenant, id, state, result }),
    )
    return ended !== undefined
  }

  /** @returns whether there was one that had not expired */
  async delete(id: string, now: number): Promise<boolean> {
    const [row] = await this.#desk.change((db) => deleteSession(db, { tenant: this.#tenant, id }))
    return row !== undefined && row.expires_at > now
  }

  /** Takes out what has expired. @returns how many */
  async sweep(now: number): Promise<number> {
    const { numDeletedRows } = await this.#desk.change((db) =>
      db
        .deleteFrom('attestation_session')
        .where('tenant', '=', this.#tenant)
        .where('expires_at', '<=', now)
        .executeTakeFirst(),
    )
    return Number(numDeletedRows)
  }
}

function sessionOf(row: AttestationSessionRow): AttestationSession {
  const { media_type: mediaType, evidence, request_hash: requestHash } = row
  const isSubmitted = mediaType !== null && evidence !== null && requestHash !== null
  return {
    id: row.id,
    nonce: Uint8Array.from(row.nonce),
    expiresAt: row.expires_at,
    state: row.state,
    dialect: row.dialect ?? undefined,
    submission: isSubmitted
      ? { mediaType, evidence: Uint8Array.from(evidence), requestHash }
      : undefined,
    result: row.result ?? undefined,
  }
}
