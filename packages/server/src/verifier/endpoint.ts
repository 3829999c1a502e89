import type { IncomingMessage } from 'node:http'
import type { createRoute } from '@hono/zod-openapi'
import type { Answer } from '../answer/answer.ts'
import type { VerifierRole, VerifierStore } from './port.ts'

/** Who asks, where credentials are asked for. */
export interface Principal {
  readonly name: string
  readonly roles: readonly VerifierRole[]
}

/** One request that was let through to its endpoint. */
export interface VerifierRequest {
  readonly requestId: string
  readonly incoming: IncomingMessage
  readonly principal: Principal | undefined
  /** Of its tenant. */
  readonly store: VerifierStore
  readonly tenant: string
  /** In front of the paths of this tenant: `/tenant/NAME`, or nothing. */
  readonly prefix?: string | undefined
  /** Parts of the path by their names, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** Reads the body once, up to the limit of the endpoint. @throws ServerError `SERVER_BODY_TOO_LARGE`, `SERVER_BODY_TIMEOUT` */
  body(): Promise<Uint8Array>
  /** Aborts when the caller is gone or the server must stop. */
  readonly signal: AbortSignal
}

/** One endpoint of the verifier: its entry in the API document, who may ask, and what it does. */
export interface VerifierEndpoint {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** With `{name}` for the parts of the path that vary. */
  readonly path: string
  readonly document: Omit<Parameters<typeof createRoute>[0], 'method' | 'path'>
  /** `anyone`, or the roles of which one is needed. */
  readonly access: 'anyone' | readonly VerifierRole[]
  /** Octets of the body. */
  readonly bodyLimit: number
  /** `immediate` endpoints take no place among the requests in work: they touch neither record nor signer. */
  readonly load?: 'immediate' | undefined
  handle(request: VerifierRequest): Promise<Answer> | Answer
}
