import type { IncomingMessage, ServerResponse } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { Admission } from '../../limits/admission.ts'
import type { RateLimit } from '../../limits/token-bucket.ts'
import {
  Exchanges,
  requireFewHeaders,
  type Exchange,
  type ExchangeOptions,
} from '../../route/exchange.ts'
import { peerOf } from '../../transport/peer.ts'
import { requireAccess } from '../credential/access.ts'
import type { Principal, VerifierEndpoint } from '../endpoint.ts'
import type { VerifierRecord } from '../port.ts'
import type { RecordGuard } from '../record-guard.ts'
import { problem, toldProblem } from './problem.ts'
import { RoutedRequest } from './request.ts'
import type { Router } from './router.ts'

/** Who knows the names that may ask. */
export interface Authenticator {
  /** @throws ServerError `SERVER_CREDENTIALS_REFUSED`. @returns nothing when no credentials are shown */
  authenticate(
    authorization: string | undefined,
    incoming: IncomingMessage,
  ): Promise<Principal | undefined>
}

export interface VerifierGateOptions extends ExchangeOptions {
  readonly router: Router
  readonly record: VerifierRecord
  readonly credentials: Authenticator
  readonly rates: RateLimit
  readonly admission: Admission
  readonly guard: RecordGuard
  /** Fires when the work in flight must end. */
  readonly stop: AbortSignal
}

/**
 * The one way in. Every request passes the same steps in the same order: its endpoint, who asks, how often, may it, a
 * place among the requests in work, the endpoint, the answer, the log.
 */
export class VerifierGate {
  readonly #options: VerifierGateOptions
  readonly #exchanges: Exchanges

  constructor(options: VerifierGateOptions) {
    this.#options = options
    this.#exchanges = new Exchanges(options)
  }

  async serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { router, record, guard, admission, stop } = this.#options
    const exchange = this.#exchanges.open(incoming, outgoing)
    let route = 'none'
    let principal: Principal | undefined
    try {
      requireFewHeaders(incoming)
      const { method = '', url = '' } = incoming
      const destination = router.find(method, url, incoming.headers.host)
      const { endpoint, tenant } = destination
      route = `${endpoint.method} ${endpoint.path}`
      principal = await this.#principalOf(endpoint, incoming)
      this.#takeRate(principal, incoming)
      const request = new RoutedRequest({
        requestId: exchange.requestId,
        incoming,
        principal,
        store: guard.take('the store of a tenant', () => record.tenant(tenant)),
        destination,
        bodyLimit: endpoint.bodyLimit,
        signal: stop,
      })
      const answer =
        endpoint.load === 'immediate'
          ? await endpoint.handle(request)
          : await admission.run(async () => endpoint.handle(request))
      await this.#exchanges.end(exchange, { route, member: principal?.name, answer })
    } catch (error) {
      await this.#refuse(exchange, route, principal, error)
    }
  }

  /**
   * Who asks, where that matters: a role that the endpoint asks for must be among those of the caller.
   * @throws ServerError `SERVER_CREDENTIALS_MISSING`, `SERVER_CREDENTIALS_REFUSED`, `SERVER_ROLE_REFUSED`
   */
  async #principalOf(
    { access }: VerifierEndpoint,
    incoming: IncomingMessage,
  ): Promise<Principal | undefined> {
    if (access === 'anyone') return undefined
    const { headers, socket } = incoming
    const certified = access.includes('client') ? certifiedClient(socket) : undefined
    const { guard, credentials } = this.#options
    const principal =
      certified ??
      (await guard.ask('credentials', () =>
        credentials.authenticate(headers.authorization, incoming),
      ))
    requireAccess(access, principal)
    return principal
  }

  #takeRate(principal: Principal | undefined, { socket }: IncomingMessage): void {
    const { rates } = this.#options
    if (principal !== undefined) rates.take('member', principal.name)
    else rates.take('anonymous', socket.remoteAddress ?? 'unknown')
  }

  async #refuse(
    exchange: Exchange,
    route: string,
    principal: Principal | undefined,
    error: unknown,
  ): Promise<void> {
    const { log } = this.#options
    const { requestId } = exchange
    const answer = problem(error)
    const { code } = toldProblem(error)
    if (answer.status >= 500 && answer.status !== 501) {
      log.error('a request failed', error, { requestId, route })
    }
    try {
      await this.#exchanges.end(exchange, { route, member: principal?.name, answer, code })
    } catch (cause) {
      log.error('an answer could not be sent', cause, { requestId })
    }
  }
}

/** A caller whose certificate leads to the authority of clients; it has the role of a client and no other. */
function certifiedClient(socket: IncomingMessage['socket']): Principal | undefined {
  const peer = socket instanceof TLSSocket ? peerOf(socket) : undefined
  if (peer === undefined || peer.problem !== undefined) return undefined
  return { name: `certificate ${peer.spkiSha256.slice(0, 16)}`, roles: ['client'] }
}
