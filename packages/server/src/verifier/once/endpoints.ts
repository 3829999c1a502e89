import { z } from '@hono/zod-openapi'
import { toBase64url, type Random } from '@keyline/bytes'
import type { EarDialect } from '@keyline/eat'
import { json } from '../../answer/answer.ts'
import { ServerError } from '../../errors.ts'
import { sessionHashOf, type Appraiser } from '../appraisal/appraiser.ts'
import { seenKey } from '../appraisal/replay.ts'
import type { VerifierEndpoint, VerifierRequest } from '../endpoint.ts'
import { octetsBody, responses } from '../http/document.ts'
import type { SharedKeys } from '../key/shared-keys.ts'
import { requireAccept } from '../media/accept.ts'
import { evidenceTypeTexts } from '../media/evidence-type.ts'
import { judgeUnread, readSubmitted, type Submitted } from '../media/submitted.ts'
import { requestNonce } from '../nonce/nonce-parameter.ts'
import { checkStampedNonce, stampNonce } from '../nonce/stamped-nonce.ts'
import type { RecordGuard } from '../record-guard.ts'
import { askedDialect } from '../session/dialect.ts'
import { bodyOrExcess } from '../session/endpoints.ts'
import type { ForwardClock } from '../time/forward-clock.ts'

export interface OnceParts {
  readonly appraiser: Pick<Appraiser, 'prepare' | 'appraise'>
  readonly guard: RecordGuard
  readonly keys: SharedKeys<Uint8Array>
  readonly time: ForwardClock
  readonly random: Random
  readonly access: VerifierEndpoint['access']
  readonly bodyLimit: number
  readonly ttlMs: number
  /** One use of each nonce. */
  readonly isSingleUse: boolean
  /** Of results, where nobody asks otherwise. */
  readonly dialect: EarDialect
}

const jsonType = 'application/json'
const resultType = 'application/eat+jwt'

const NonceDocument = z
  .object({
    nonce: z.string().length(43).openapi({ description: 'Base64url, 32 octets.' }),
    expiry: z.iso.datetime(),
    accept: z.array(z.string()).readonly().openapi({ description: 'Media types of evidence.' }),
  })
  .openapi('Nonce')

/** Evidence in one request, over a nonce that the server knows again without having stored it (V36). */
export function onceEndpoints(parts: OnceParts): readonly VerifierEndpoint[] {
  const { access, bodyLimit } = parts
  return [
    {
      method: 'GET',
      path: '/challenge-response/v1/nonce',
      access,
      bodyLimit: 0,
      load: 'immediate',
      document: {
        summary: 'Get a nonce for one request',
        responses: responses(200, 'The nonce.', { type: jsonType, schema: NonceDocument }),
      },
      handle: (request) => giveNonce(request, parts),
    },
    {
      method: 'POST',
      path: '/challenge-response/v1/verify',
      access,
      bodyLimit,
      document: {
        summary: 'Verify evidence in one request',
        request: {
          query: z.object({ nonce: z.string(), ear: z.string().optional() }),
          ...octetsBody(evidenceTypeTexts),
        },
        responses: responses(200, 'The result: an EAR as compact JWS.', { type: resultType }),
      },
      handle: (request) => verify(request, parts),
    },
  ]
}

function giveNonce({ incoming, tenant }: VerifierRequest, parts: OnceParts) {
  requireAccept(incoming.headers.accept, jsonType)
  const { keys, time, random, ttlMs } = parts
  const now = time.now()
  return json({
    nonce: toBase64url(stampNonce(keys.current, tenant, now, random)),
    expiry: new Date(now + ttlMs).toISOString(),
    accept: evidenceTypeTexts,
  } satisfies z.output<typeof NonceDocument>)
}

async function verify(request: VerifierRequest, parts: OnceParts) {
  const { appraiser } = parts
  const { incoming, store, tenant } = request
  requireAccept(incoming.headers.accept, resultType)
  const body = await bodyOrExcess(request)
  if (body instanceof ServerError) {
    judgeUnread(incoming)
    checkNonce(request, parts)
    throw body
  }
  const submitted = readSubmitted(incoming, body)
  const { nonce, expiresAt, query } = checkNonce(request, parts)
  const dialect = askedDialect(incoming, query) ?? parts.dialect
  const prepared = await appraiser.prepare(store, tenant)
  try {
    if (parts.isSingleUse) await useNonce(request, { nonce, expiresAt, submitted }, parts)
    const { type, evidence } = submitted
    const sessionHash = sessionHashOf(nonce)
    const judged = { store, type, evidence, nonce, expiresAt, sessionHash, dialect }
    const result = await appraiser.appraise(judged, prepared)
    return { status: 200, type: resultType, body: result }
  } finally {
    prepared.place.free()
  }
}

function checkNonce({ query, tenant }: VerifierRequest, { keys, time, ttlMs }: OnceParts) {
  const nonce = requestNonce(query)
  // The newest first: nearly every nonce was made under the key in force.
  const newest = keys.all.toReversed()
  const expiresAt = checkStampedNonce(nonce, { keys: newest, tenant, now: time.now(), ttlMs })
  return { nonce, expiresAt, query }
}

/** Enters the use of a nonce before the appraisal; the identical request may come again. */
async function useNonce(
  { store }: VerifierRequest,
  {
    nonce,
    expiresAt,
    submitted,
  }: {
    readonly nonce: Uint8Array
    readonly expiresAt: number
    readonly submitted: Submitted
  },
  { guard }: OnceParts,
): Promise<void> {
  const { requestHash } = submitted
  const before = await guard.ask('the seen-set', () =>
    store.seen.enter(seenKey('nonce', nonce), { requestHash, expiresAt }),
  )
  if (before === 'new' || before.requestHash === requestHash) return
  throw new ServerError('SERVER_NONCE_USED', 'the nonce was used for other evidence')
}
