import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { isKeylineError } from '@keyline/bytes'
import { json, type Answer } from '../../../answer/answer.ts'
import { statusOf } from '../../../answer/status.ts'
import { ServerError } from '../../../errors.ts'
import type { Principal, VerifierEndpoint } from '../../endpoint.ts'
import type { VerifierStore } from '../../port.ts'
import { requireAccess } from '../access.ts'

export interface Question {
  readonly method?: VerifierEndpoint['method'] | undefined
  /** Path and query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: Uint8Array | string | undefined
  readonly principal?: Principal | undefined
}

/** A request with these headers, over a connection that leads nowhere. */
export function incomingWith(
  headers: Readonly<Record<string, string>> = {},
  socket = new Socket(),
): IncomingMessage {
  const incoming = new IncomingMessage(socket)
  incoming.headers = { ...headers }
  return incoming
}

/** Asks endpoints without a server; errors become answers with status and code. */
export async function ask(
  endpoints: readonly VerifierEndpoint[],
  store: VerifierStore,
  question: Question,
): Promise<Answer> {
  const { method = 'GET', path, headers, body = '', principal } = question
  const { pathname, searchParams } = new URL(path, 'http://verifier')
  const { endpoint, params } = routed(endpoints, method, pathname)
  const octets = typeof body === 'string' ? new TextEncoder().encode(body) : body
  try {
    requireAccess(endpoint.access, principal)
    return await endpoint.handle({
      requestId: 'one',
      incoming: incomingWith(headers),
      principal,
      store,
      tenant: '0',
      params,
      query: searchParams,
      body: () => bodyOf(octets, endpoint.bodyLimit),
      signal: new AbortController().signal,
    })
  } catch (error) {
    if (!isKeylineError(error)) throw error
    const { code, message, remedy, details } = error
    return json({ code, message, remedy, details }, statusOf(error))
  }
}

/** The endpoint that takes a method and path, with the parts of the path. */
export function routed(
  endpoints: readonly VerifierEndpoint[],
  method: string,
  path: string,
): { readonly endpoint: VerifierEndpoint; readonly params: Readonly<Record<string, string>> } {
  for (const endpoint of endpoints) {
    const params = endpoint.method === method ? paramsOf(endpoint.path, path) : undefined
    if (params !== undefined) return { endpoint, params }
  }
  throw new TypeError(`no endpoint takes ${method} ${path}`)
}

function bodyOf(octets: Uint8Array, limit: number): Promise<Uint8Array> {
  if (octets.length <= limit) return Promise.resolve(octets)
  return Promise.reject(new ServerError('SERVER_BODY_TOO_LARGE', `at most ${limit} are taken`))
}

function paramsOf(template: string, path: string): Record<string, string> | undefined {
  const parts = template.split('/')
  const given = path.split('/')
  if (parts.length !== given.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, part] of parts.entries()) {
    const value = decodeURIComponent(given[index] ?? '')
    const name = /^\{(\w+)\}$/.exec(part)?.[1]
    if (name !== undefined) params[name] = value
    else if (part !== value) return undefined
  }
  return params
}
