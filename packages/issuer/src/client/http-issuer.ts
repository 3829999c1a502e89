import { isKeylineError, type Clock, type Random } from '@keyline/bytes'
import type { DacChain, DacRequest } from '../issue/local-issuer.ts'
import { IssuerError } from '../errors.ts'
import type { HttpAnswer, HttpRequest, HttpTransport } from './http-transport.ts'
import type { IssueOptions, IssuerClient, IssuerHealth } from './issuer-client.ts'
import { refusalOf } from './refusal.ts'
import { withRetries } from './retry.ts'

export interface HttpIssuerOptions {
  readonly transport: HttpTransport
  readonly clock: Clock
  readonly random: Random
  /** All tries of one request and the waits between them, milliseconds; 22 000 unless given. */
  readonly budgetMs?: number | undefined
  /** One try; 10 000 ms unless given. */
  readonly tryMs?: number | undefined
}

/** How a protocol asks for a certificate, and how it answers. */
export interface IssueProtocol {
  readonly ask: (request: DacRequest) => HttpRequest
  /** Reads an answer of status 200 or 201. @throws KeylineError when it has not the form of the protocol */
  readonly read: (answer: HttpAnswer, request: DacRequest) => DacChain
  /** Something that only a server which is ready serves with 200. */
  readonly healthPath: string
}

const healthMs = 5_000

/**
 * An issuer behind a server. Each try carries the same idempotency key, so that an answer which was lost after the
 * certificate was recorded is given again, and nothing is used up twice.
 */
export function createHttpIssuer(
  options: HttpIssuerOptions,
  protocol: IssueProtocol,
): IssuerClient {
  const { transport, clock } = options
  return {
    issue: (request, { signal }: IssueOptions = {}) => {
      const call = protocol.ask(request)
      const place = `${call.method} ${call.path}`
      return withRetries({ ...options, signal }, async (attempt) => {
        const answer = await transport.exchange(call, attempt)
        if (answer.status !== 200 && answer.status !== 201) {
          throw refusalOf(answer, place, clock.now())
        }
        return readAnswer(place, () => protocol.read(answer, request))
      })
    },
    health: ({ signal } = {}) => healthOf(transport, protocol.healthPath, signal, clock),
    close: () => Promise.resolve(transport.close()),
  }
}

/** @throws IssuerError `ISSUER_ANSWER_MALFORMED` for everything that a decoder refuses */
export function readAnswer<T>(place: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!isKeylineError(cause) || cause instanceof IssuerError) throw cause
    throw new IssuerError('ISSUER_ANSWER_MALFORMED', `${place}: ${cause.message}`, { cause })
  }
}

async function healthOf(
  transport: HttpTransport,
  path: string,
  signal: AbortSignal | undefined,
  clock: Clock,
): Promise<IssuerHealth> {
  try {
    const answer = await transport.exchange(
      { method: 'GET', path },
      { signal, timeoutMs: healthMs },
    )
    if (answer.status === 200) return { isReady: true }
    return { isReady: false, reason: refusalOf(answer, `GET ${path}`, clock.now()).message }
  } catch (error) {
    if (!(error instanceof IssuerError)) throw error
    return { isReady: false, reason: error.message }
  }
}
