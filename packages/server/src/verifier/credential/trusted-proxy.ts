import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { ServerError } from '../../errors.ts'
import { peerOf } from '../../transport/peer.ts'
import type { Principal } from '../endpoint.ts'
import { verifierRoles, type VerifierRole } from '../port.ts'
import { credentialName } from './authorization.ts'

/** A proxy in front of the service that has asked who the caller is, for example with OpenID Connect (V38). */
export interface TrustedProxyOptions {
  /** Header with the name of the user, in lower case. */
  readonly userHeader: string
  /** Header with the groups of the user, separated by commas, in lower case. */
  readonly groupsHeader: string
  /** Roles of each group. Groups that are not here give none. */
  readonly groups: Readonly<Record<string, readonly VerifierRole[]>>
  /** SHA-256 over the SubjectPublicKeyInfo of client certificates of the proxy, lower-case hexadecimal. */
  readonly peers?: readonly string[] | undefined
}

export const defaultProxyHeaders = {
  userHeader: 'x-forwarded-user',
  groupsHeader: 'x-forwarded-groups',
} as const

/** The groups of a proxy are the roles themselves, unless its operator maps them. */
export const groupsAsRoles: Readonly<Record<string, VerifierRole[]>> = Object.fromEntries(
  verifierRoles.map((role) => [role, [role]]),
)

/**
 * Believes user and groups of a request on a connection that the proxy alone can open: one to a Unix socket, whose
 * directory lets nobody else in, or one with the proxy's client certificate. On any other connection the headers say
 * nothing.
 */
export class TrustedProxy {
  readonly #options: TrustedProxyOptions
  readonly #peers: ReadonlySet<string>
  readonly #admitted = new WeakSet<Socket>()

  constructor(options: TrustedProxyOptions) {
    this.#options = options
    this.#peers = new Set(options.peers)
  }

  /**
   * Marks a connection that came in over the Unix socket of the proxy; its listener calls this as it accepts one. What a
   * connection says of itself would not do: one over TCP that is gone has no address either.
   */
  admit(socket: Socket): void {
    this.#admitted.add(socket)
  }

  /** Who the proxy says asks; nothing where it does not say, or someone else does. @throws ServerError `SERVER_HEADER_INVALID` */
  principalOf({ socket, headers }: IncomingMessage): Principal | undefined {
    if (!this.#isProxy(socket)) return undefined
    const { userHeader, groupsHeader, groups } = this.#options
    const user = headers[userHeader]
    if (user === undefined) return undefined
    if (typeof user !== 'string' || !credentialName.test(user)) {
      throw new ServerError('SERVER_HEADER_INVALID', `${userHeader} is no name of a user`)
    }
    const named = String(headers[groupsHeader] ?? '').split(',')
    const roles = new Set(named.flatMap((group) => rolesOf(groups, group.trim())))
    return { name: user, roles: verifierRoles.filter((role) => roles.has(role)) }
  }

  #isProxy(socket: Socket): boolean {
    if (this.#admitted.has(socket)) return true
    if (this.#peers.size === 0 || !(socket instanceof TLSSocket)) return false
    const peer = peerOf(socket)
    return peer !== undefined && peer.problem === undefined && this.#peers.has(peer.spkiSha256)
  }
}

function rolesOf(groups: TrustedProxyOptions['groups'], group: string): readonly VerifierRole[] {
  return Object.hasOwn(groups, group) ? (groups[group] ?? []) : []
}
