import type { IncomingMessage } from 'node:http'
import type { createRoute } from '@hono/zod-openapi'
import { decodeUtf8, isKeylineError, parseJson } from '@keyline/bytes'
import type { z } from 'zod'
import type { Answer } from '../answer/answer.ts'
import type { ErrorForm } from '../answer/refusal.ts'
import { ServerError } from '../errors.ts'
import type { Member } from '../identity/member.ts'
import type { Peer } from '../transport/peer.ts'
import type { EndpointId } from './access.ts'

/** One request that was let through to its endpoint, its body read. */
export interface EndpointRequest {
  readonly requestId: string
  readonly incoming: IncomingMessage
  /** The member that asks; absent only where anyone may. */
  readonly member: Member | undefined
  readonly peer: Peer | undefined
  /** Parts of the path by their names, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** Aborts when the caller is gone or the server must stop. */
  readonly signal: AbortSignal
}

/** One endpoint: its entry in the API document, and what it does. */
export interface Endpoint {
  readonly id: EndpointId
  readonly document: Omit<Parameters<typeof createRoute>[0], 'method' | 'path'>
  readonly errors: ErrorForm
  /** `immediate` endpoints take no place among the requests in work: they touch neither store nor signer. */
  readonly load?: 'immediate' | undefined
  readonly handle: (request: EndpointRequest) => Promise<Answer> | Answer
}

/** The member of a request whose endpoint serves members alone. */
export function memberOf({ member }: EndpointRequest): Member {
  if (member !== undefined) return member
  throw new ServerError('SERVER_CREDENTIALS_MISSING', 'no client certificate was shown')
}

/** A part of the path. */
export function param({ params }: EndpointRequest, name: string): string {
  const value = params[name]
  if (value !== undefined) return value
  throw new ServerError('SERVER_HEADER_INVALID', `the path lacks ${name}`)
}

/** A header that may stand once. @throws ServerError `SERVER_HEADER_INVALID` unless it has the form, or is doubled */
export function header(
  { incoming }: EndpointRequest,
  name: string,
  form: RegExp,
): string | undefined {
  const value = incoming.headers[name]
  if (value === undefined) return undefined
  if (typeof value === 'string' && form.test(value)) return value
  throw new ServerError('SERVER_HEADER_INVALID', `the header ${name} does not match ${form.source}`)
}

/** Media type of the body in lower case, without parameters; empty when none is named. */
export function mediaTypeOf(incoming: IncomingMessage): string {
  const type = incoming.headers['content-type'] ?? ''
  const end = type.indexOf(';')
  return (end < 0 ? type : type.slice(0, end)).trim().toLowerCase()
}

/** @throws ServerError `SERVER_MEDIA_TYPE` */
export function requireMediaType(request: EndpointRequest, ...types: readonly string[]): string {
  const type = mediaTypeOf(request.incoming)
  if (types.includes(type)) return type
  const is = type === '' ? 'the body names no media type' : `the body is ${type}`
  throw new ServerError('SERVER_MEDIA_TYPE', `${is}, but must be ${types.join(' or ')}`)
}

/** The JSON body as its schema has it. @throws ServerError `SERVER_MEDIA_TYPE`, `SERVER_BODY_INVALID` */
export function jsonBody<T extends z.ZodType>(request: EndpointRequest, schema: T): z.output<T> {
  requireMediaType(request, 'application/json')
  return readJson(request.body, schema)
}

/** @throws ServerError `SERVER_BODY_INVALID`, which names every member that is wrong */
export function readJson<T extends z.ZodType>(body: Uint8Array, schema: T): z.output<T> {
  const result = schema.safeParse(strictJson(body))
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path, message }) => {
    const place = path.map(String).join('.')
    return place === '' ? message : `${place}: ${message}`
  })
  throw new ServerError('SERVER_BODY_INVALID', problems.slice(0, 20).join('; '))
}

function strictJson(body: Uint8Array): unknown {
  try {
    return parseJson(decodeUtf8(body), 'the body')
  } catch (cause) {
    if (!isKeylineError(cause)) throw cause
    throw new ServerError('SERVER_BODY_INVALID', cause.message, { cause })
  }
}
