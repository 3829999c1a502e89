import type { Random } from '@keyline/bytes'
import type { EarDialect } from '@keyline/eat'
import { ServerError } from '../../errors.ts'
import type { ServerLog } from '../../observe/log.ts'
import { sessionHashOf } from '../appraisal/appraiser.ts'
import type { VerifierRequest } from '../endpoint.ts'
import { drawUuid, readUuid } from '../management/uuid.ts'
import type { SessionRecord, Submission } from '../port.ts'
import type { RecordGuard } from '../record-guard.ts'
import type { ForwardClock } from '../time/forward-clock.ts'
import { earDialect } from './dialect.ts'
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

export interface StoredSessionsParts {
  readonly guard: RecordGuard
  readonly judge: Judge
  readonly time: ForwardClock
  readonly random: Random
  readonly log: ServerLog
  readonly ttlMs: number
  readonly nonceEncoding: 'base64' | 'base64url'
  /** Of results, where nobody asks otherwise. */
  readonly dialect: EarDialect
}

/** Sessions in the record, which any replica serves (V7). Their ids are random and known to their opener alone (V6). */
export class StoredSessions implements Sessions {
  readonly #parts: StoredSessionsParts

  constructor(parts: StoredSessionsParts) {
    this.#parts = parts
  }

  async open(
    { store }: VerifierRequest,
    { nonce, dialect }: { readonly nonce: Uint8Array; readonly dialect: EarDialect | undefined },
  ): Promise<OpenedSession> {
    const { guard, time, random, ttlMs } = this.#parts
    const id = drawUuid(random)
    const expiresAt = time.now() + ttlMs
    const session = { id, nonce, expiresAt, dialect }
    await guard.ask('a new session', () => store.sessions.open(session))
    return { location: id, answer: this.#json({ ...session, state: 'waiting' }) }
  }

  requireId(id: string): void {
    if (readUuid(id) !== undefined) return
    throw new ServerError('SERVER_SESSION_ID', 'the id of the session is no UUID')
  }

  async requireWaiting({ store }: VerifierRequest, id: string): Promise<void> {
    const { state } = await this.#find(store, id)
    if (state !== 'waiting') throw usedSession()
  }

  async submit(
    request: VerifierRequest,
    { id, submitted, dialect }: SessionSubmission,
  ): Promise<string> {
    const { guard, judge, time } = this.#parts
    const { store } = request
    const { type, evidence, requestHash } = submitted
    const submission = { mediaType: type.text, evidence, requestHash }
    const prepared = await judge.prepare(store, request.tenant)
    try {
      const before = await guard.ask('the session', () =>
        store.sessions.claim(key(id), submission, time.now()),
      )
      if (before === undefined) throw unknownSession()
      if (before.state !== 'waiting' && before.submission?.requestHash !== requestHash) {
        throw usedSession()
      }
      // A retry whose session is still in processing is judged again: the server that began may be gone.
      if (before.state === 'complete') return this.#json(before)
      if (before.state === 'failed') throw unchecked(undefined)
      const wanted = dialect ?? earDialect(before.dialect ?? '') ?? this.#parts.dialect
      try {
        const result = await judge.appraise(
          {
            store,
            type,
            evidence,
            nonce: before.nonce,
            expiresAt: before.expiresAt,
            sessionHash: sessionHashOf(key(id)),
            dialect: wanted,
          },
          prepared,
        )
        return await this.#complete(store, { before, submission, result })
      } catch (cause) {
        await this.#fail(request, id)
        throw unchecked(cause)
      }
    } finally {
      prepared.place.free()
    }
  }

  async show({ store }: VerifierRequest, id: string): Promise<string> {
    return this.#json(await this.#find(store, id))
  }

  async delete({ store }: VerifierRequest, id: string): Promise<void> {
    const { guard, time } = this.#parts
    const was = await guard.ask('the session', () => store.sessions.delete(key(id), time.now()))
    if (!was) throw unknownSession()
  }

  async #find(store: VerifierRequest['store'], id: string): Promise<SessionRecord> {
    const { guard, time } = this.#parts
    const found = await guard.ask('the session', () => store.sessions.find(key(id), time.now()))
    if (found === undefined) throw unknownSession()
    return found
  }

  /** Ends the session. Of servers that judged it at once, the first to end it decides: its result is told by all. */
  async #complete(
    store: VerifierRequest['store'],
    {
      before,
      submission,
      result,
    }: {
      readonly before: SessionRecord
      readonly submission: Submission
      readonly result: string
    },
  ): Promise<string> {
    const { guard, time } = this.#parts
    const { id } = before
    const hasEnded = await guard.ask('the session', () =>
      store.sessions.finish(id, { state: 'complete', result }),
    )
    if (hasEnded) return this.#json({ ...before, submission, result, state: 'complete' })
    const found = await guard.ask('the session', () => store.sessions.find(id, time.now()))
    if (found?.state === 'complete') return this.#json(found)
    throw found === undefined ? unknownSession() : unchecked(undefined)
  }

  /** A session whose end cannot be written stays in processing until it expires, or a retry ends it. */
  async #fail({ store, requestId }: VerifierRequest, id: string): Promise<void> {
    const { guard, log } = this.#parts
    try {
      await guard.ask('the session', () => store.sessions.finish(key(id), { state: 'failed' }))
    } catch (error) {
      log.error('a session could not be marked as failed', error, { requestId })
    }
  }

  #json(session: Omit<SessionRecord, 'id'>): string {
    return sessionJson(session, this.#parts.nonceEncoding)
  }
}

/** Ids are kept in lower case. */
function key(id: string): string {
  return id.toLowerCase()
}
