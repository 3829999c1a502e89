import {
  concat,
  encodeUtf8,
  fromBase64url,
  isKeylineError,
  Secret,
  toHex,
  type Random,
} from '@keyline/bytes'
import { hmacSha256, sha256 } from '@keyline/crypto'
import type { EarDialect } from '@keyline/eat'
import { openSession, sealSession, type Session } from '@keyline/verifier'
import { ServerError } from '../../errors.ts'
import { sessionHashOf } from '../appraisal/appraiser.ts'
import { seenKey } from '../appraisal/replay.ts'
import type { VerifierRequest } from '../endpoint.ts'
import type { SharedKeys } from '../key/shared-keys.ts'
import type { RecordGuard } from '../record-guard.ts'
import type { ForwardClock } from '../time/forward-clock.ts'
import { sessionJson } from './session-json.ts'
import {
  unchecked,
  unknownSession,
  usedSession,
  type Judge,
  type OpenedSession,
  type SessionSubmission,
  type Sessions,
} from './sessions.ts'

export interface SealedSessionsParts {
  readonly guard: RecordGuard
  readonly judge: Judge
  readonly time: ForwardClock
  readonly random: Random
  /** Keys of nonces: those of sessions are made of them. */
  readonly keys: SharedKeys<Uint8Array>
  readonly ttlMs: number
  readonly nonceEncoding: 'base64' | 'base64url'
  readonly dialect: EarDialect
}

/** Stands in the seen-set for the evidence of a session that was deleted. */
const deleted = toHex(sha256(encodeUtf8('deleted')))
const label = encodeUtf8('session/1\0')

/**
 * Sessions that are their own ids (V32): nothing is stored until evidence comes, then only that it came. The result is
 * told in the answer to it; asked for later, a session is `waiting` until it ends.
 */
export class SealedSessions implements Sessions {
  readonly #parts: SealedSessionsParts

  constructor(parts: SealedSessionsParts) {
    this.#parts = parts
  }

  async open(
    { tenant }: VerifierRequest,
    { nonce, dialect }: { readonly nonce: Uint8Array; readonly dialect: EarDialect | undefined },
  ): Promise<OpenedSession> {
    const { keys, time, random, ttlMs } = this.#parts
    const expiresAt = Math.trunc((time.now() + ttlMs) / 1000)
    const id = sealSession({ nonce, expiresAt }, sealingKey(keys.current, tenant), random)
    // Clients follow the address as it is: what the opener wanted travels in it.
    const location = dialect === undefined ? id : `${id}?ear=${dialect}`
    return { location, answer: this.#json({ nonce, expiresAt }) }
  }

  requireId(id: string): void {
    try {
      fromBase64url(id, 'the id of the session')
    } catch (cause) {
      if (!isKeylineError(cause)) throw cause
      throw new ServerError('SERVER_SESSION_ID', 'the id of the session is no base64url', { cause })
    }
  }

  async requireWaiting({ tenant }: VerifierRequest, id: string): Promise<void> {
    this.#open(id, tenant)
  }

  async submit(
    request: VerifierRequest,
    { id, submitted, dialect }: SessionSubmission,
  ): Promise<string> {
    const { judge } = this.#parts
    const { store, tenant } = request
    const { type, evidence, requestHash } = submitted
    const session = this.#open(id, tenant)
    const expiresAt = session.expiresAt * 1000
    const prepared = await judge.prepare(store, tenant)
    try {
      await this.#use(request, session, requestHash)
      const judged = {
        store,
        type,
        evidence,
        nonce: session.nonce,
        expiresAt,
        sessionHash: sessionHashOf(session.uniqueId),
        dialect: dialect ?? this.#parts.dialect,
      }
      const result = await judge.appraise(judged, prepared).catch((cause: unknown) => {
        throw unchecked(cause)
      })
      const submission = { mediaType: type.text, evidence, requestHash }
      const { nonceEncoding } = this.#parts
      return sessionJson(
        { nonce: session.nonce, expiresAt, state: 'complete', submission, result },
        nonceEncoding,
      )
    } finally {
      prepared.place.free()
    }
  }

  async show({ tenant }: VerifierRequest, id: string): Promise<string> {
    return this.#json(this.#open(id, tenant))
  }

  async delete({ store, tenant }: VerifierRequest, id: string): Promise<void> {
    const session = this.#open(id, tenant)
    const before = await this.#enter(store, session, deleted)
    if (before === deleted) throw unknownSession()
  }

  /** Takes the session, once; the identical request may come again. */
  async #use({ store }: VerifierRequest, session: Session, requestHash: string): Promise<void> {
    const before = await this.#enter(store, session, requestHash)
    if (before === deleted) throw unknownSession()
    if (before !== undefined && before !== requestHash) throw usedSession()
  }

  async #enter(
    store: VerifierRequest['store'],
    { uniqueId, expiresAt }: Session,
    requestHash: string,
  ): Promise<string | undefined> {
    const use = { requestHash, expiresAt: expiresAt * 1000 }
    const before = await this.#parts.guard.ask('the seen-set', () =>
      store.seen.enter(seenKey('session', uniqueId), use),
    )
    return before === 'new' ? undefined : before.requestHash
  }

  /** @throws ServerError `SERVER_SESSION_UNKNOWN` */
  #open(id: string, tenant: string): Session {
    const { keys, time } = this.#parts
    const now = time.now()
    for (const key of keys.all.toReversed()) {
      const session = opened(id, sealingKey(key, tenant))
      if (session !== undefined && now < session.expiresAt * 1000) return session
    }
    throw unknownSession()
  }

  #json({ nonce, expiresAt }: Pick<Session, 'nonce' | 'expiresAt'>): string {
    const { nonceEncoding } = this.#parts
    return sessionJson({ nonce, expiresAt: expiresAt * 1000, state: 'waiting' }, nonceEncoding)
  }
}

function sealingKey(key: Uint8Array, tenant: string): Secret {
  return new Secret(hmacSha256(key, concat(label, encodeUtf8(tenant))))
}

function opened(id: string, key: Secret): Session | undefined {
  try {
    return openSession(id, key, 0)
  } catch (error) {
    if (!isKeylineError(error)) throw error
    return undefined
  }
}
