import type { IncomingMessage, ServerResponse } from 'node:http'
import { TLSSocket } from 'node:tls'
import { isKeylineError, type Clock } from '@keyline/bytes'
import { send, type Answer } from '../answer/answer.ts'
import { refusal, type ErrorForm } from '../answer/refusal.ts'
import { ServerError } from '../errors.ts'
import { authenticate, requireAccess } from '../identity/authenticate.ts'
import type { MemberDirectory } from '../identity/member-directory.ts'
import type { Member } from '../identity/member.ts'
import type { Admission } from '../limits/admission.ts'
import type { RateLimit } from '../limits/token-bucket.ts'
import type { ServerLog } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import { readBody } from '../transport/body.ts'
import { transportLimits } from '../transport/limits.ts'
import { peerOf, type Peer } from '../transport/peer.ts'
import { access } from './access.ts'
import type { Endpoint, EndpointRequest } from './endpoint.ts'

export interface GateOptions {
  readonly directory: MemberDirectory
  readonly rates: RateLimit
  readonly admission: Admission
  readonly metrics: Metrics
  readonly log: ServerLog
  readonly clock: Clock
  /** Tells the request ids of this process from those of others. */
  readonly instance: string
  /** Fires when the work in flight must end. */
  readonly stop: AbortSignal
  readonly isStopping: () => boolean
}

/** What is known of a request before its endpoint is. */
interface Exchange {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly requestId: string
  readonly startedAt: number
}

/**
 * The one way in. Every request goes through the same steps in the same order: who asks, may it, how often, its body, a
 * place among the requests in work, the endpoint, the answer, the log. Source: security, section 2.
 */
export class Gate {
  readonly #options: GateOptions
  #count = 0

  constructor(options: GateOptions) {
    this.#options = options
  }

  /** Answers one request by its endpoint. */
  async serve(
    endpoint: Endpoint,
    params: Readonly<Record<string, string>>,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<void> {
    const exchange = this.#exchange(incoming, outgoing)
    let member: Member | undefined
    try {
      requireFewHeaders(incoming)
      this.#requireRunning()
      const peer = incoming.socket instanceof TLSSocket ? peerOf(incoming.socket) : undefined
      member = await this.#memberOf(endpoint, peer)
      this.#takeRate(member, incoming)
      requireAccess(access[endpoint.id], member)
      const body = await readBody(incoming)
      const request: EndpointRequest = {
        requestId: exchange.requestId,
        incoming,
        member,
        peer,
        params,
        body,
        signal: this.#options.stop,
      }
      const answer =
        endpoint.load === 'immediate'
          ? await endpoint.handle(request)
          : await this.#options.admission.run(async () => endpoint.handle(request))
      await this.#answer(exchange, endpoint.id, member, answer)
    } catch (error) {
      await this.#refuse(exchange, endpoint.id, member, error, endpoint.errors)
    }
  }

  /** Answers a request that has no endpoint. */
  async refuse(
    error: ServerError,
    form: ErrorForm,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<void> {
    await this.#refuse(this.#exchange(incoming, outgoing), 'none', undefined, error, form)
  }

  #exchange(incoming: IncomingMessage, outgoing: ServerResponse): Exchange {
    const given = incoming.headers['x-request-id']
    const isUsable = typeof given === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(given)
    this.#count += 1
    const requestId = isUsable ? given : `${this.#options.instance}-${this.#count.toString(36)}`
    return { incoming, outgoing, requestId, startedAt: this.#options.clock.monotonicMs() }
  }

  #requireRunning(): void {
    if (!this.#options.isStopping()) return
    throw new ServerError('SERVER_STOPPING', 'the server is about to stop')
  }

  /** Where anyone may ask, nobody is asked who it is: a certificate that has ended shuts no one out of enrolment. */
  async #memberOf(endpoint: Endpoint, peer: Peer | undefined): Promise<Member | undefined> {
    if (access[endpoint.id] === 'anyone') return undefined
    return authenticate(peer, this.#options.directory, this.#options.clock)
  }

  #takeRate(member: Member | undefined, incoming: IncomingMessage): void {
    if (member !== undefined) this.#options.rates.take('member', member.name)
    else this.#options.rates.take('anonymous', incoming.socket.remoteAddress ?? 'unknown')
  }

  async #answer(
    exchange: Exchange,
    route: string,
    member: Member | undefined,
    answer: Answer,
    code?: string,
  ): Promise<void> {
    const { incoming, outgoing, requestId, startedAt } = exchange
    if (!incoming.complete || this.#options.isStopping()) outgoing.setHeader('Connection', 'close')
    await send(outgoing, answer, requestId)
    const ms = this.#options.clock.monotonicMs() - startedAt
    this.#options.metrics.request(route, answer.status, ms / 1000)
    this.#options.log.request({
      requestId,
      member: member?.name,
      route,
      status: answer.status,
      code,
      ms: Math.round(ms * 1000) / 1000,
    })
  }

  async #refuse(
    exchange: Exchange,
    route: string,
    member: Member | undefined,
    error: unknown,
    form: ErrorForm,
  ): Promise<void> {
    const answer = refusal(error, form)
    const code = isKeylineError(error) ? error.code : 'SERVER_BUG'
    if (answer.status >= 500) {
      this.#options.log.error('a request failed', error, { requestId: exchange.requestId, route })
    }
    try {
      await this.#answer(exchange, route, member, answer, code)
    } catch (cause) {
      this.#options.log.error('an answer could not be sent', cause, {
        requestId: exchange.requestId,
      })
    }
  }
}

function requireFewHeaders({ rawHeaders }: IncomingMessage): void {
  if (rawHeaders.length / 2 <= transportLimits.headerLines) return
  const message = `more than ${transportLimits.headerLines} header lines`
  throw new ServerError('SERVER_HEADERS_TOO_MANY', message)
}
