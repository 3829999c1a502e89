import { STATUS_CODES } from 'node:http'
import { isKeylineError, type KeylineError } from '@keyline/bytes'
import type { Answer } from '../../answer/answer.ts'
import { statusOf } from '../../answer/status.ts'
import { ServerError, type ServerErrorCode } from '../../errors.ts'
import { challenge } from '../credential/access.ts'

/** The codes of problems that clients may rely on (attestation-verifier chapter 14, V11). */
const problemCodes: Readonly<Partial<Record<ServerErrorCode, string>>> = {
  SERVER_NONCE_EXCLUSIVE: 'nonce-exclusive',
  SERVER_NONCE_SIZE: 'nonce-size',
  SERVER_NONCE_ENCODING: 'nonce-encoding',
  SERVER_NONCE_LENGTH: 'nonce-length',
  SERVER_NONCE_MISSING: 'nonce-missing',
  SERVER_NONCE_FOREIGN: 'nonce-foreign',
  SERVER_NONCE_EXPIRED: 'nonce-expired',
  SERVER_NONCE_USED: 'nonce-used',
  SERVER_NOT_ACCEPTABLE: 'not-acceptable',
  SERVER_MEDIA_TYPE: 'media-type',
  SERVER_CMW: 'cmw',
  SERVER_SESSION_ID: 'session-id',
  SERVER_SESSION_UNKNOWN: 'session-unknown',
  SERVER_SESSION_USED: 'session-used',
  SERVER_BODY_EMPTY: 'body-empty',
  SERVER_BODY_TOO_LARGE: 'body-too-large',
  SERVER_CREDENTIALS_MISSING: 'unauthorised',
  SERVER_CREDENTIALS_REFUSED: 'unauthorised',
  SERVER_CERTIFICATE_REFUSED: 'forbidden',
  SERVER_ROLE_REFUSED: 'forbidden',
  SERVER_POLICY_ENGINE: 'policy-engine',
  SERVER_POLICY_RULES: 'policy-rules',
}

const byCode: ReadonlyMap<string, string> = new Map(Object.entries(problemCodes))

/** Seconds after which a caller may try again, where the error does not say so itself. */
const retryAfterSeconds = 2

/**
 * What may be told of an error. An error of a part below the server means that nothing could be checked: its cause,
 * which may name hosts and statements, stays in the log.
 */
export function toldProblem(error: unknown): KeylineError {
  if (error instanceof ServerError) return error
  if (isKeylineError(error)) {
    const status = statusOf(error)
    if (status < 500) return error
    if (status === 503 || error.fault === 'infrastructure') {
      return new ServerError('SERVER_UNAVAILABLE', 'the verifier could not check', { cause: error })
    }
  }
  return new ServerError('SERVER_BUG', 'the request could not be answered', { cause: error })
}

/** The problem document (RFC 9457) of a request that went wrong (attestation-verifier 2.6). */
export function problem(error: unknown): Answer {
  const told = toldProblem(error)
  const status = statusOf(told)
  const document = {
    type: `urn:keyline:error:${told.code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: oneLine(told.message),
    code: problemCode(told, status),
  }
  const headers = headersOf(told, status)
  return { status, type: 'application/problem+json', body: JSON.stringify(document), headers }
}

/** Codes beyond those of the interface are ours, in the same spelling. */
function problemCode({ code }: KeylineError, status: number): string {
  const known = byCode.get(code)
  if (known !== undefined) return known
  if (status === 503) return 'unavailable'
  if (status === 500) return 'internal'
  return code
    .replace(/^SERVER_/, '')
    .toLowerCase()
    .replaceAll('_', '-')
}

function headersOf(error: KeylineError, status: number): Readonly<Record<string, string>> {
  const { retryAfterMs, allow, accept } = error.details
  switch (status) {
    case 401:
      return { 'WWW-Authenticate': challenge }
    case 405:
      return { Allow: String(allow) }
    case 415:
      return typeof accept === 'string' ? { Accept: accept } : {}
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

/** Text without control characters, bounded. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 1_000)
}
