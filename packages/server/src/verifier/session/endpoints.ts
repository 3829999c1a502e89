import { z } from '@hono/zod-openapi'
import { ServerError } from '../../errors.ts'
import type { ServerLog } from '../../observe/log.ts'
import type { VerifierEndpoint, VerifierRequest } from '../endpoint.ts'
import { octetsBody, responses } from '../http/document.ts'
import { requireAccept } from '../media/accept.ts'
import { evidenceTypeTexts } from '../media/evidence-type.ts'
import { judgeUnread, readSubmitted } from '../media/submitted.ts'
import { sessionNonce } from '../nonce/nonce-parameter.ts'
import type { Random } from '@keyline/bytes'
import { askedDialect } from './dialect.ts'
import { SessionDocument, sessionType } from './session-json.ts'
import type { Sessions } from './sessions.ts'

export interface SessionEndpointParts {
  readonly sessions: Sessions
  readonly random: Random
  readonly log: ServerLog
  readonly access: VerifierEndpoint['access']
  /** Octets of evidence. */
  readonly bodyLimit: number
}

/** What the body of a request may hold that has none. */
const noBody = 1_024
/** Lengths of the nonces of PSA tokens. */
const psaNonceLengths: ReadonlySet<number> = new Set([32, 48, 64])

const idParameter = { params: z.object({ id: z.string() }) }
const document = SessionDocument.openapi('ChallengeResponseSession')
const session = { type: sessionType, schema: document }

/** The challenge-response API (attestation-verifier chapter 2). */
export function sessionEndpoints(parts: SessionEndpointParts): readonly VerifierEndpoint[] {
  const { access, bodyLimit } = parts
  return [
    {
      method: 'POST',
      path: '/challenge-response/v1/newSession',
      access,
      bodyLimit: noBody,
      document: {
        summary: 'Open a session',
        request: {
          query: z.object({
            nonce: z.string().optional().openapi({ description: 'Base64url, 8 to 64 octets.' }),
            nonceSize: z.coerce.number().int().min(8).max(64).optional(),
            ear: z.string().optional().openapi({ description: 'Dialect of the result.' }),
          }),
        },
        responses: responses(201, 'The session, its address in Location.', session),
      },
      handle: (request) => open(request, parts),
    },
    {
      method: 'POST',
      path: '/challenge-response/v1/session/{id}',
      access,
      bodyLimit,
      document: {
        summary: 'Submit evidence',
        request: { ...idParameter, ...octetsBody(evidenceTypeTexts) },
        responses: responses(200, 'The session with its result.', session),
      },
      handle: (request) => submit(request, parts),
    },
    {
      method: 'GET',
      path: '/challenge-response/v1/session/{id}',
      access,
      bodyLimit: noBody,
      document: {
        summary: 'Read a session',
        request: idParameter,
        responses: responses(200, 'The session.', session),
      },
      handle: async (request) => {
        requireAccept(request.incoming.headers.accept, sessionType)
        const id = idOf(request, parts)
        return { status: 200, type: sessionType, body: await parts.sessions.show(request, id) }
      },
    },
    {
      method: 'DELETE',
      path: '/challenge-response/v1/session/{id}',
      access,
      bodyLimit: noBody,
      document: {
        summary: 'Delete a session',
        request: idParameter,
        responses: responses(204, 'Nonce, evidence and result are gone.'),
      },
      handle: async (request) => {
        await parts.sessions.delete(request, idOf(request, parts))
        return { status: 204 }
      },
    },
  ]
}

async function open(request: VerifierRequest, { sessions, random, log }: SessionEndpointParts) {
  const { incoming, query, requestId } = request
  requireAccept(incoming.headers.accept, sessionType)
  const nonce = sessionNonce(query, random)
  const dialect = askedDialect(incoming, query)
  if (!psaNonceLengths.has(nonce.length)) {
    log.info('a session has a nonce that no PSA token can carry', {
      requestId,
      octets: nonce.length,
    })
  }
  const { location, answer } = await sessions.open(request, { nonce, dialect })
  return {
    status: 201,
    type: sessionType,
    body: answer,
    headers: { Location: `session/${location}` },
  }
}

async function submit(request: VerifierRequest, parts: SessionEndpointParts) {
  const { sessions } = parts
  const { incoming } = request
  requireAccept(incoming.headers.accept, sessionType)
  const body = await bodyOrExcess(request)
  if (body instanceof ServerError) {
    judgeUnread(incoming)
    await sessions.requireWaiting(request, idOf(request, parts))
    throw body
  }
  const submitted = readSubmitted(incoming, body)
  const id = idOf(request, parts)
  const dialect = askedDialect(incoming, request.query)
  const answer = await sessions.submit(request, { id, submitted, dialect })
  return { status: 200, type: sessionType, body: answer }
}

/** The body, or the refusal of one that is too long, which comes after the other checks. */
export async function bodyOrExcess(request: VerifierRequest): Promise<Uint8Array | ServerError> {
  try {
    return await request.body()
  } catch (error) {
    if (error instanceof ServerError && error.code === 'SERVER_BODY_TOO_LARGE') return error
    throw error
  }
}

function idOf({ params }: VerifierRequest, { sessions }: SessionEndpointParts): string {
  const { id = '' } = params
  sessions.requireId(id)
  return id
}
