import type { EarDialect } from '@keyline/eat'
import { ServerError } from '../../errors.ts'
import type { Appraiser } from '../appraisal/appraiser.ts'
import type { VerifierRequest } from '../endpoint.ts'
import type { Submitted } from '../media/submitted.ts'

/** A new session, as it is told to the one who opened it. */
export interface OpenedSession {
  /** Id with what else belongs behind `session/`. */
  readonly location: string
  readonly answer: string
}

/** Evidence for a session, as it came in. */
export interface SessionSubmission {
  /** Of the session. */
  readonly id: string
  readonly submitted: Submitted
  /** That its sender asks for. */
  readonly dialect: EarDialect | undefined
}

/** How sessions are kept: in the record, or in their own ids. Answers are session documents. */
export interface Sessions {
  open(
    request: VerifierRequest,
    session: { readonly nonce: Uint8Array; readonly dialect: EarDialect | undefined },
  ): Promise<OpenedSession>
  /** @throws ServerError `SERVER_SESSION_ID` */
  requireId(id: string): void
  /** @throws ServerError `SERVER_SESSION_UNKNOWN`, `SERVER_SESSION_USED`: what stands before a body that is too long */
  requireWaiting(request: VerifierRequest, id: string): Promise<void>
  /**
   * Takes the session, judges the evidence and ends the session.
   * @throws ServerError `SERVER_SESSION_UNKNOWN`, `SERVER_SESSION_USED`, `SERVER_UNAVAILABLE`, `SERVER_EVIDENCE_UNCHECKED`
   */
  submit(request: VerifierRequest, submission: SessionSubmission): Promise<string>
  /** @throws ServerError `SERVER_SESSION_UNKNOWN` */
  show(request: VerifierRequest, id: string): Promise<string>
  /** @throws ServerError `SERVER_SESSION_UNKNOWN` */
  delete(request: VerifierRequest, id: string): Promise<void>
}

export type Judge = Pick<Appraiser, 'prepare' | 'appraise'>

export function unknownSession(): ServerError {
  return new ServerError('SERVER_SESSION_UNKNOWN', 'there is no such session, or it has ended')
}

export function usedSession(): ServerError {
  return new ServerError('SERVER_SESSION_USED', 'evidence already submitted')
}

/** The device was not judged; the words of the reference service. */
export function unchecked(cause: unknown): ServerError {
  const message = 'error encountered while processing evidence'
  return new ServerError('SERVER_EVIDENCE_UNCHECKED', message, { cause })
}
