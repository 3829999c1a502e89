import {
  encodeUtf8,
  isKeylineError,
  parseJson,
  toBase64,
  fromBase64,
  decodeUtf8,
} from '@keyline/bytes'
import type { DacChain, DacRequest } from '../../issue/local-issuer.ts'
import type { ExchangeOptions, HttpAnswer, HttpRequest, HttpTransport } from '../http-transport.ts'
import { jsonObjectOf, textMember } from '../json-object.ts'

export interface MadeAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

export function answerOf({ status, headers = {}, body = '' }: MadeAnswer): HttpAnswer {
  return {
    status,
    header: (name) => headers[name],
    body: typeof body === 'string' ? encodeUtf8(body) : body,
  }
}

export type Exchange = (request: HttpRequest, options: ExchangeOptions) => Promise<HttpAnswer>

/** A transport that is one function, which counts its calls. */
export class FakeTransport implements HttpTransport {
  readonly requests: HttpRequest[] = []
  isClosed = false
  readonly #exchange: Exchange

  constructor(exchange: Exchange) {
    this.#exchange = exchange
  }

  exchange(request: HttpRequest, options: ExchangeOptions): Promise<HttpAnswer> {
    this.requests.push(request)
    return this.#exchange(request, options)
  }

  close(): void {
    this.isClosed = true
  }
}

/** The REST form in front of an issuer, without a network. */
export function restServer(issuer: {
  issue(request: DacRequest): Promise<DacChain>
}): (request: HttpRequest) => Promise<HttpAnswer> {
  return async ({ path, headers, body = new Uint8Array() }) => {
    const orderId = /^\/v1\/orders\/([^/]+)\/dac$/.exec(path)?.[1]
    const idempotencyKey = headers?.['idempotency-key']
    if (orderId === undefined || idempotencyKey === undefined) return answerOf({ status: 404 })
    const asked = jsonObjectOf(parseJson(decodeUtf8(body), 'body'), 'body')
    try {
      const chain = await issuer.issue({
        orderId: decodeURIComponent(orderId),
        unitId: textMember(asked, 'unit'),
        idempotencyKey,
        csr: fromBase64(textMember(asked, 'csr')),
        ...(asked.has('serialNumber') && {
          identity: {
            serialNumber: textMember(asked, 'serialNumber'),
            ...(asked.has('board') && { boardUid: textMember(asked, 'board') }),
          },
        }),
      })
      return chainAnswer(chain)
    } catch (error) {
      if (!isKeylineError(error)) throw error
      return problemAnswer(error.retryable ? 503 : 422, error.code, error.message)
    }
  }
}

export function chainAnswer({ dac, pai, paa }: DacChain): HttpAnswer {
  const body = JSON.stringify({ dac: toBase64(dac), pai: toBase64(pai), paa: toBase64(paa) })
  return answerOf({ status: 201, headers: { 'content-type': 'application/json' }, body })
}

export function problemAnswer(
  status: number,
  code: string,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  return answerOf({
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
    body: JSON.stringify({ status, code, detail }),
  })
}
