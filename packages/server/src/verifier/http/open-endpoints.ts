import { describeError } from '@keyline/bytes'
import { json } from '../../answer/answer.ts'
import { ServerError } from '../../errors.ts'
import type { Readiness } from '../../health/readiness.ts'
import type { VerifierEndpoint } from '../endpoint.ts'
import { responses } from './document.ts'
import type { VerifierMetrics } from './verifier-metrics.ts'

export interface OpenEndpointParts {
  readonly readiness: Readiness
  readonly metrics: VerifierMetrics
  readonly isStopping: () => boolean
  /** The API document; made at the first question. */
  readonly document: () => unknown
}

const always = { bodyLimit: 0, load: 'immediate' } as const
const plain = { type: 'application/json' }

/** Health, figures, and the document of the API. */
export function openEndpoints(parts: OpenEndpointParts): readonly VerifierEndpoint[] {
  let document: string | undefined
  return [
    {
      ...always,
      method: 'GET',
      path: '/healthz',
      access: 'anyone',
      document: { summary: 'The process lives', responses: responses(200, 'It does.', plain) },
      handle: () => json({ status: 'ok' }),
    },
    {
      ...always,
      method: 'GET',
      path: '/readyz',
      access: 'anyone',
      document: {
        summary: 'The record answers, and the signer signs',
        responses: responses(200, 'The service can verify.', plain),
      },
      handle: () => ready(parts),
    },
    {
      ...always,
      method: 'GET',
      path: '/metrics',
      access: ['auditor', 'manager'],
      document: {
        summary: 'Figures for Prometheus',
        responses: responses(200, 'Exposition text.', { type: 'text/plain' }),
      },
      handle: async () => ({
        status: 200,
        type: parts.metrics.contentType,
        body: await parts.metrics.text(),
      }),
    },
    {
      ...always,
      method: 'GET',
      path: '/openapi.json',
      access: 'anyone',
      document: { summary: 'This document', responses: responses(200, 'OpenAPI 3.1.', plain) },
      handle: () => {
        document ??= JSON.stringify(parts.document())
        return { status: 200, type: 'application/json', body: document }
      },
    },
  ]
}

async function ready({ isStopping, readiness }: OpenEndpointParts) {
  if (isStopping()) throw new ServerError('SERVER_STOPPING', 'the server is about to stop')
  const lack = await readiness.lack()
  if (lack === undefined) return json({ status: 'ready' })
  throw new ServerError('SERVER_NOT_READY', `the ${lack.part} does not answer`, {
    cause: new Error(describeError(lack.error)),
  })
}
