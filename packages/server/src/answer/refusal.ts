import { isKeylineError, type KeylineError } from '@keyline/bytes'
import { ServerError } from '../errors.ts'
import type { Answer } from './answer.ts'
import { statusOf } from './status.ts'
import { toldError } from './told-error.ts'

/** How errors look: a problem document (RFC 9457) for REST, two lines of text for EST. */
export type ErrorForm = 'problem' | 'text'

const titles: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Request timed out',
  409: 'Conflict',
  413: 'Body too large',
  415: 'Unsupported media type',
  422: 'Refused by the profile',
  429: 'Too many requests',
  431: 'Too many headers',
  500: 'Internal error',
  503: 'Service unavailable',
}

/** Seconds after which a caller may try again, where the error does not say so itself. */
const retryAfterSeconds = 2

/** What may be told of an error: a bug of ours is named, its cause stays in the log. */
export function publicError(error: unknown): KeylineError {
  if (isKeylineError(error) && statusOf(error) !== 500) return error
  return new ServerError('SERVER_BUG', 'the request could not be answered', { cause: error })
}

/** The answer to a request that went wrong. */
export function refusal(error: unknown, form: ErrorForm): Answer {
  const told = publicError(toldError(error))
  const status = statusOf(told)
  const headers = headersOf(told, status)
  if (form === 'text') {
    const body = `${told.code}\n${oneLine(told.message)}. Remedy: ${told.remedy}\n`
    return { status, type: 'text/plain; charset=utf-8', body, headers }
  }
  const { rule } = told.details
  const problem = {
    type: `urn:keyline:error:${told.code}`,
    title: titles[status] ?? 'Error',
    status,
    code: told.code,
    detail: oneLine(told.message),
    remedy: told.remedy,
    ...(typeof rule === 'string' && { rule }),
  }
  return { status, type: 'application/problem+json', body: JSON.stringify(problem), headers }
}

function headersOf(error: KeylineError, status: number): Readonly<Record<string, string>> {
  const { retryAfterMs, allow } = error.details
  switch (status) {
    case 401:
      return { 'WWW-Authenticate': 'Basic realm="keyline members", charset="UTF-8"' }
    case 405:
      return { Allow: String(allow) }
    case 429:
    case 503: {
      const seconds =
        typeof retryAfterMs === 'number' ? Math.ceil(retryAfterMs / 1000) : retryAfterSeconds
      return { 'Retry-After': String(Math.max(1, seconds)) }
    }
    default:
      return {}
  }
}

/** Text without control characters and without a full stop at its end, bounded. */
function oneLine(text: string): string {
  return text
    .replaceAll(/\p{Cc}+/gu, ' ')
    .slice(0, 1_000)
    .replace(/\.$/, '')
}
