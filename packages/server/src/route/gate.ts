import type { IncomingMessage, ServerResponse } from 'node:http'
import { TLSSocket } from 'node:tls'
import { isKeylineError, type Clock } from '@keyline/bytes'
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
import { Exchanges, requireFewHeaders, type Exchange } from './exchange.ts'
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

/**
 * The one way in. Every request goes through the same steps in the same order: who asks, may it, how often, its body, a
 * place among the requests in work, the endpoint, the answer, the log. Source: security, section 2.
 */
export class Gate {
  readonly #options: GateOptions
  readonly #exchanges: Exchanges

  constructor(options: GateOptions) {
    this.#options = options
    this.#exchanges = new Exchanges(options)
  }

  /** Answers one request by its endpoint. */
  async serve(
    endpoint: Endpoint,
    params: Readonly<Record<string, string>>,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<void> {
    const exchange = this.#exchanges.open(incoming, outgoing)
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
      await this.#exchanges.end(exchange, { route: endpoint.id, member: member?.name, answer })
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
    await this.#refuse(this.#exchanges.open(incoming, outgoing), 'none', undefined, error, form)
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
      await this.#exchanges.end(exchange, { route, member: member?.name, answer, code })
    } catch (cause) {
      this.#options.log.error('an answer could not be sent', cause, {
        requestId: exchange.requestId,
      })
    }
  }
}
