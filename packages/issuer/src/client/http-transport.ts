/** One call of the server. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  /** Absolute path with its query. */
  readonly path: string
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: Uint8Array | undefined
}

export interface HttpAnswer {
  readonly status: number
  /** Value of a header by its name in lower case. */
  readonly header: (name: string) => string | undefined
  readonly body: Uint8Array
}

export interface ExchangeOptions {
  readonly signal?: AbortSignal | undefined
  /** For all of it: connection, head and body, milliseconds. */
  readonly timeoutMs: number
}

/**
 * The way to one server. An answer of any status is an answer; whatever else happens is an IssuerError
 * `ISSUER_UNREACHABLE`, `ISSUER_SERVER_UNTRUSTED`, `ISSUER_STATION_UNTRUSTED` or `ISSUER_ANSWER_MALFORMED`.
 */
export interface HttpTransport {
  exchange(request: HttpRequest, options: ExchangeOptions): Promise<HttpAnswer>
  close(): void
}

/** Type and subtype of the body, in lower case, without parameters. */
export function mediaTypeOf(answer: Pick<HttpAnswer, 'header'>): string {
  return (answer.header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}
