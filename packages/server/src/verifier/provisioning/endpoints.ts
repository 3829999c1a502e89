import { z } from '@hono/zod-openapi'
import { corimMaxLength } from '@keyline/eat'
import type { Answer } from '../../answer/answer.ts'
import { ServerError } from '../../errors.ts'
import { Problem, sha256Hex } from '../../route/rest/schema.ts'
import type { VerifierEndpoint, VerifierRequest } from '../endpoint.ts'
import { requireAccept } from '../media/accept.ts'
import { corimMediaTypes } from './corim-type.ts'
import { ProvisioningSession, provisioningSessionType, sessionAnswer } from './session.ts'
import { submitCorim, submitters, type ProvisioningParts } from './submit.ts'

/** Path of the interface, as discovery names it. */
export const provisioningPath = '/endorsement-provisioning/v1'

/** What is submitted is active at once; discovery says so (V14). */
export const activateOnSubmit = true

/** Newest CoRIMs among which one is looked for by its hash. */
const mostLookedAt = 1_000

const binary = z.string().openapi({ format: 'binary' })
const problem = {
  description: 'The request was refused.',
  content: { 'application/problem+json': { schema: Problem } },
} as const
const session = {
  description: 'What became of the CoRIM: stored, or refused with the reason.',
  content: { [provisioningSessionType]: { schema: ProvisioningSession } },
} as const

/** The endorsement provisioning interface (attestation-verifier chapter 4). */
export function provisioningEndpoints(parts: ProvisioningParts): readonly VerifierEndpoint[] {
  return [
    {
      method: 'POST',
      path: `${provisioningPath}/submit`,
      document: {
        summary: 'Submit a CoRIM; the same one again changes nothing',
        request: {
          query: z.object({
            replace: z
              .enum(['true', 'false'])
              .optional()
              .describe('gives known devices the keys of this CoRIM; for the role manager'),
          }),
          body: {
            required: true,
            content: Object.fromEntries(corimMediaTypes.map((type) => [type, { schema: binary }])),
          },
        },
        responses: { 200: session, default: problem },
      },
      access: submitters,
      bodyLimit: corimMaxLength,
      handle: (request) => submitCorim(request, parts),
    },
    {
      method: 'GET',
      path: `${provisioningPath}/submissions/{id}`,
      document: {
        summary: 'Whether a CoRIM was stored, by the SHA-256 of its octets',
        request: { params: z.object({ id: sha256Hex }) },
        responses: { 200: session, default: problem },
      },
      access: submitters,
      bodyLimit: 0,
      handle: (request) => submission(request, parts),
    },
    withoutActivation('activate'),
    withoutActivation('deactivate'),
  ]
}

/** Submissions end before they are answered, so that nobody is sent here; who has lost the answer asks by the hash. */
async function submission(
  { incoming, params, store }: VerifierRequest,
  { clock, sessionTtlMs }: ProvisioningParts,
): Promise<Answer> {
  requireAccept(incoming.headers.accept, provisioningSessionType)
  const corims = await store.corims.list(mostLookedAt)
  if (!corims.some(({ sha256 }) => sha256 === params['id'])) {
    throw new ServerError('SERVER_NOT_FOUND', 'no CoRIM with this hash was stored')
  }
  const expiry = new Date(clock.now() + sessionTtlMs).toISOString()
  return sessionAnswer({ status: 'success', expiry })
}

function withoutActivation(verb: 'activate' | 'deactivate'): VerifierEndpoint {
  return {
    method: 'POST',
    path: `${provisioningPath}/${verb}`,
    document: {
      summary: `Not implemented: what is submitted is active at once`,
      responses: { 501: problem, default: problem },
    },
    access: submitters,
    bodyLimit: 64 * 1_024,
    handle: () => {
      throw new ServerError('SERVER_NOT_IMPLEMENTED', `this service does not ${verb} endorsements`)
    },
  }
}
