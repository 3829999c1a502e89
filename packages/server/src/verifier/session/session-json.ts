import { toBase64, toBase64url } from '@keyline/bytes'
import { z } from 'zod'
import { evidenceTypeTexts } from '../media/evidence-type.ts'
import type { SessionRecord } from '../port.ts'

/** Media type of every answer about a session. */
export const sessionType = 'application/vnd.veraison.challenge-response-session+json'

export const SessionDocument = z.object({
  nonce: z.string().meta({ description: 'Standard base64 with padding.' }),
  expiry: z.iso.datetime(),
  accept: z.array(z.string()).readonly().meta({ description: 'Media types of evidence.' }),
  status: z.enum(['waiting', 'processing', 'complete', 'failed']),
  evidence: z.object({ type: z.string(), value: z.base64() }).optional(),
  result: z.string().optional().meta({ description: 'EAR as compact JWS.' }),
})

/** A session as clients see it (attestation-verifier 2.2). The nonce is padded standard base64 unless set (V2). */
export function sessionJson(
  session: Omit<SessionRecord, 'id'>,
  nonceEncoding: 'base64' | 'base64url',
): string {
  const { nonce, expiresAt, state, submission, result } = session
  return JSON.stringify({
    nonce: nonceEncoding === 'base64' ? toBase64(nonce) : toBase64url(nonce),
    expiry: new Date(expiresAt).toISOString(),
    accept: evidenceTypeTexts,
    status: state,
    ...(submission !== undefined && {
      evidence: { type: submission.mediaType, value: toBase64(submission.evidence) },
    }),
    ...(result !== undefined && { result }),
  } satisfies z.output<typeof SessionDocument>)
}
