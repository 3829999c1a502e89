import type { IncomingMessage } from 'node:http'
import { readBody } from '../../transport/body.ts'
import type { Principal, VerifierRequest } from '../endpoint.ts'
import type { VerifierStore } from '../port.ts'
import type { Destination } from './router.ts'

export interface RequestParts {
  readonly requestId: string
  readonly incoming: IncomingMessage
  readonly principal: Principal | undefined
  readonly store: VerifierStore
  readonly destination: Destination
  readonly bodyLimit: number
  readonly signal: AbortSignal
}

/** A request as its endpoint sees it. What few endpoints ask for is made when one does. */
export class RoutedRequest implements VerifierRequest {
  readonly requestId: string
  readonly incoming: IncomingMessage
  readonly principal: Principal | undefined
  readonly store: VerifierStore
  readonly signal: AbortSignal
  readonly #destination: Destination
  readonly #bodyLimit: number

  constructor(parts: RequestParts) {
    this.requestId = parts.requestId
    this.incoming = parts.incoming
    this.principal = parts.principal
    this.store = parts.store
    this.signal = parts.signal
    this.#destination = parts.destination
    this.#bodyLimit = parts.bodyLimit
  }

  get tenant(): string {
    return this.#destination.tenant
  }

  get prefix(): string {
    return this.#destination.prefix
  }

  get params(): Readonly<Record<string, string>> {
    return this.#destination.params
  }

  get query(): URLSearchParams {
    const { url = '' } = this.incoming
    const start = url.indexOf('?')
    return new URLSearchParams(start < 0 ? '' : url.slice(start))
  }

  body(): Promise<Uint8Array> {
    return readBody(this.incoming, this.#bodyLimit)
  }
}
