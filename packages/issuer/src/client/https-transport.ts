import { Agent, request as httpsRequest } from 'node:https'
import type { IncomingMessage } from 'node:http'
import {
  BytesError,
  concat,
  interruption,
  systemClock,
  throwIfInterrupted,
  withDeadline,
  type Clock,
  type Secret,
} from '@keyline/bytes'
import { parseCertificate, pemDecode } from '@keyline/x509'
import { IssuerError } from '../errors.ts'
import type { ExchangeOptions, HttpAnswer, HttpRequest, HttpTransport } from './http-transport.ts'
import { transportError } from './transport-error.ts'

/** What a member shows of itself. */
export interface ClientCredentials {
  /** PEM of the member's certificate. */
  readonly certificate: string
  /** PEM of PKCS#8, encrypted where there is a passphrase. */
  readonly key: Secret
  readonly passphrase?: Secret | undefined
}

export interface HttpsTransportOptions {
  /** `https://host:port`. */
  readonly url: string
  /** PEM of the only CA whose servers are believed. */
  readonly ca: string
  readonly credentials?: ClientCredentials | undefined
  /** A virtual clock stands still during a call; the time of the network is always the real one. */
  readonly clock?: Clock | undefined
  /** Calls at the same time; further ones wait. 8 unless given. */
  readonly connections?: number | undefined
  /** Longest body of an answer, octets; 65 536 unless given. */
  readonly maxBodyOctets?: number | undefined
}

const maxHeadOctets = 16_384

/**
 * Calls over TLS 1.3 with kept connections. The server must show a certificate of the one CA for the name in the
 * address: no root of the system counts, and nothing is sent before.
 */
export function createHttpsTransport(options: HttpsTransportOptions): HttpTransport {
  return new HttpsTransport(options)
}

class HttpsTransport implements HttpTransport {
  readonly #origin: URL
  readonly #agent: Agent
  readonly #clock: Clock
  readonly #maxBodyOctets: number
  /** End of the member's certificate; nothing is sent with one that no server can believe. */
  readonly #notAfter: Readonly<Date> | undefined

  constructor(options: HttpsTransportOptions) {
    const { ca, credentials, connections = 8 } = options
    this.#origin = originOf(options.url)
    this.#clock = options.clock ?? systemClock
    this.#maxBodyOctets = options.maxBodyOctets ?? 65_536
    this.#notAfter =
      credentials && parseCertificate(pemDecode(credentials.certificate, 'CERTIFICATE')).notAfter
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: connections,
      maxCachedSessions: 0,
      minVersion: 'TLSv1.3',
      ca,
      ...(credentials === undefined ? {} : identityOf(credentials)),
    })
  }

  async exchange(request: HttpRequest, options: ExchangeOptions): Promise<HttpAnswer> {
    const place = `${request.method} ${this.#origin.origin}${request.path}`
    const { signal, timeoutMs } = options
    this.#requireAlive()
    const wait = { clock: systemClock, ms: timeoutMs, what: place, signal }
    try {
      return await this.#clock.during(() =>
        withDeadline(wait, (inner) => this.#send(request, place, inner)),
      )
    } catch (error) {
      throwIfInterrupted(signal)
      if (error instanceof IssuerError) throw error
      const isLate = error instanceof BytesError && error.code === 'DEADLINE_PASSED'
      if (!isLate) throw transportError(place, error)
      throw new IssuerError('ISSUER_UNREACHABLE', error.message, { cause: error })
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  #requireAlive(): void {
    if (this.#notAfter === undefined || this.#clock.now() <= this.#notAfter.getTime()) return
    const message = `the certificate of this member has ended at ${this.#notAfter.toISOString()}`
    throw new IssuerError('ISSUER_STATION_UNTRUSTED', message)
  }

  #send(request: HttpRequest, place: string, signal: AbortSignal): Promise<HttpAnswer> {
    const { method, path, headers = {}, body } = request
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': String(body.length) }
      const call = httpsRequest(new URL(path, this.#origin), {
        method,
        agent: this.#agent,
        headers: { ...headers, ...length },
        maxHeaderSize: maxHeadOctets,
      })
      const onAbort = (): void => void call.destroy(interruption(signal))
      signal.addEventListener('abort', onAbort, { once: true })
      call.once('close', () => signal.removeEventListener('abort', onAbort))
      call.once('error', reject)
      call.once('response', (message) => {
        this.#answerOf(message, place).then(resolve, (error: unknown) => {
          reject(error instanceof Error ? error : new Error(String(error)))
          call.destroy()
        })
      })
      call.end(body)
    })
  }

  async #answerOf(message: IncomingMessage, place: string): Promise<HttpAnswer> {
    const parts: Uint8Array[] = []
    let length = 0
    for await (const part of octetsOf(message)) {
      length += part.length
      if (length > this.#maxBodyOctets) {
        const what = `${place}: the answer has more than ${this.#maxBodyOctets} octets`
        throw new IssuerError('ISSUER_ANSWER_MALFORMED', what)
      }
      parts.push(part)
    }
    const { headers, statusCode = 0 } = message
    return {
      status: statusCode,
      header: (name) => {
        const value = headers[name]
        return typeof value === 'string' ? value : value?.[0]
      },
      body: concat(...parts),
    }
  }
}

async function* octetsOf(message: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const part of message) if (part instanceof Uint8Array) yield part
}

/** @throws IssuerError `ISSUER_REFUSED` for an address that is not `https://host:port` */
function originOf(url: string): URL {
  const address = URL.canParse(url) ? new URL(url) : undefined
  if (address?.protocol === 'https:' && address.username === '' && address.pathname === '/') {
    return address
  }
  throw new IssuerError(
    'ISSUER_REFUSED',
    `${url} is not an address of the form https://host:port`,
    {
      remedy: 'write the address of the issuer as https://host:port',
    },
  )
}

function identityOf({ certificate, key, passphrase }: ClientCredentials): {
  readonly cert: string
  readonly key: Buffer
  readonly passphrase?: string
} {
  const decode = new TextDecoder()
  return {
    cert: certificate,
    key: Buffer.from(key.reveal()),
    ...(passphrase === undefined ? {} : { passphrase: decode.decode(passphrase.reveal()) }),
  }
}
