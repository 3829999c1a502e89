import { describeError } from '@keyline/bytes'
import { json } from '../answer/answer.ts'
import { ServerError } from '../errors.ts'
import type { Readiness } from '../health/readiness.ts'
import type { Metrics } from '../observe/metrics.ts'
import { restResponses } from './document.ts'
import type { Endpoint } from './endpoint.ts'

export interface OpenOptions {
  readonly readiness: Readiness
  readonly metrics: Metrics
  readonly isStopping: () => boolean
  /** The API document; made at the first question. */
  readonly document: () => unknown
}

/** Health, figures, and the document of the API. */
export function openEndpoints(options: OpenOptions): readonly Endpoint[] {
  const { readiness, metrics, isStopping } = options
  let document: string | undefined
  return [
    {
      id: 'GET /healthz',
      errors: 'problem',
      load: 'immediate',
      document: { summary: 'The process lives', responses: restResponses(200, 'It does.') },
      handle: () => json({ status: 'ok' }),
    },
    {
      id: 'GET /readyz',
      errors: 'problem',
      load: 'immediate',
      document: {
        summary: 'Store and signer answer',
        responses: restResponses(200, 'The server can issue.'),
      },
      handle: async () => {
        if (isStopping()) throw new ServerError('SERVER_STOPPING', 'the server is about to stop')
        const lack = await readiness.lack()
        if (lack === undefined) return json({ status: 'ready' })
        const message = `the ${lack.part} does not answer: ${describeError(lack.error)}`
        throw new ServerError('SERVER_NOT_READY', message, { cause: lack.error })
      },
    },
    {
      id: 'GET /metrics',
      errors: 'problem',
      load: 'immediate',
      document: {
        summary: 'Figures for Prometheus',
        responses: {
          ...restResponses(200, ''),
          200: { description: 'Exposition text.', content: { 'text/plain': {} } },
        },
      },
      handle: async () => ({ status: 200, type: metrics.contentType, body: await metrics.text() }),
    },
    {
      id: 'GET /openapi.json',
      errors: 'problem',
      load: 'immediate',
      document: { summary: 'This document', responses: restResponses(200, 'OpenAPI 3.1.') },
      handle: () => {
        document ??= JSON.stringify(options.document())
        return { status: 200, type: 'application/json', body: document }
      },
    },
  ]
}
