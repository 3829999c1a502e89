import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '@keyline/bytes'
import { send, type Answer } from '../answer/answer.ts'
import { ServerError } from '../errors.ts'
import type { ServerLog } from '../observe/log.ts'
import { transportLimits } from '../transport/limits.ts'

/** What is known of a request before its endpoint is. */
export interface Exchange {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly requestId: string
  /** Monotonic, milliseconds. */
  readonly startedAt: number
}

/** How a request ended. */
export interface ExchangeEnd {
  readonly route: string
  /** Who asked, where that is known. */
  readonly member?: string | undefined
  readonly answer: Answer
  readonly code?: string | undefined
}

export interface ExchangeOptions {
  readonly clock: Clock
  readonly log: ServerLog
  readonly metrics: { request(route: string, status: number, seconds: number): void }
  /** Tells the request ids of this process from those of others. */
  readonly instance: string
  readonly isStopping: () => boolean
}

/** Begins and ends requests: each has an id, an answer, a line in the log, and its place in the figures. */
export class Exchanges {
  readonly #options: ExchangeOptions
  #count = 0

  constructor(options: ExchangeOptions) {
    this.#options = options
  }

  open(incoming: IncomingMessage, outgoing: ServerResponse): Exchange {
    const given = incoming.headers['x-request-id']
    const isUsable = typeof given === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(given)
    this.#count += 1
    const requestId = isUsable ? given : `${this.#options.instance}-${this.#count.toString(36)}`
    return { incoming, outgoing, requestId, startedAt: this.#options.clock.monotonicMs() }
  }

  async end(exchange: Exchange, { route, member, answer, code }: ExchangeEnd): Promise<void> {
    const { incoming, outgoing, requestId, startedAt } = exchange
    if (!incoming.complete || this.#options.isStopping()) outgoing.setHeader('Connection', 'close')
    await send(outgoing, answer, requestId)
    const ms = this.#options.clock.monotonicMs() - startedAt
    const { status } = answer
    this.#options.metrics.request(route, status, ms / 1000)
    const rounded = Math.round(ms * 1000) / 1000
    this.#options.log.request({ requestId, member, route, status, code, ms: rounded })
  }
}

/** @throws ServerError `SERVER_HEADERS_TOO_MANY` */
export function requireFewHeaders({ rawHeaders }: IncomingMessage): void {
  if (rawHeaders.length / 2 <= transportLimits.headerLines) return
  const message = `more than ${transportLimits.headerLines} header lines`
  throw new ServerError('SERVER_HEADERS_TOO_MANY', message)
}
