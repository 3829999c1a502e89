import { encodeUtf8, type Clock, type JsonValue } from '@keyline/bytes'
import { IssuerError } from '../errors.ts'
import { readAnswer } from './http-issuer.ts'
import { mediaTypeOf, type HttpTransport } from './http-transport.ts'
import { readJson } from './json-object.ts'
import { refusalOf } from './refusal.ts'

export interface ServerCall {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Beside those of the body; names in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: JsonValue | undefined
  readonly signal?: AbortSignal | undefined
}

export interface ServerApiOptions {
  readonly transport: HttpTransport
  readonly clock: Clock
}

const timeoutMs = 30_000

/**
 * One call of the REST form beside issuing: orders, members, revocations. It is not tried again by itself.
 * @returns the JSON of the answer; null where it has no body
 * @throws IssuerError
 */
export async function callServer(
  { transport, clock }: ServerApiOptions,
  { method, path, headers, body, signal }: ServerCall,
): Promise<JsonValue> {
  const place = `${method} ${path}`
  const json = 'application/json'
  const request = {
    method,
    path,
    headers: { ...headers, accept: json, ...(body === undefined ? {} : { 'content-type': json }) },
    ...(body === undefined ? {} : { body: encodeUtf8(JSON.stringify(body)) }),
  }
  const answer = await transport.exchange(request, { signal, timeoutMs })
  if (answer.status < 200 || answer.status > 299 || answer.status === 202) {
    throw refusalOf(answer, place, clock.now())
  }
  if (answer.body.length === 0) return null
  const type = mediaTypeOf(answer)
  if (type === json) return readAnswer(place, () => readJson(answer.body, place))
  throw new IssuerError('ISSUER_ANSWER_MALFORMED', `${place}: the answer is of type ${type}`)
}
