import { z } from '@hono/zod-openapi'
import type { Answer } from '../../answer/answer.ts'

/** Media type of every answer to a submission. */
export const provisioningSessionType = 'application/vnd.veraison.provisioning-session+json'

export const ProvisioningSession = z.strictObject({
  status: z.enum(['success', 'failed', 'processing']),
  expiry: z.iso.datetime(),
  'failure-reason': z
    .string()
    .optional()
    .describe('code and words; the codes are those of `keyline explain`'),
})
export type ProvisioningSession = z.output<typeof ProvisioningSession>

/** Refused CoRIMs are answered with 200 too: the request was in order, what it carries was not. */
export function sessionAnswer(session: ProvisioningSession): Answer {
  return { status: 200, type: provisioningSessionType, body: JSON.stringify(session) }
}
