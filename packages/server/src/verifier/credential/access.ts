import { ServerError } from '../../errors.ts'
import type { Principal, VerifierEndpoint } from '../endpoint.ts'
import type { VerifierRole } from '../port.ts'

/** `WWW-Authenticate` of an answer 401: what the service takes. */
export const challenge = 'Basic realm="keyline verifier", charset="UTF-8", Bearer'

/**
 * Lets those pass whom an endpoint serves. What it throws for 401 carries the challenge in its details. @throws ServerError `SERVER_CREDENTIALS_MISSING` (401), `SERVER_ROLE_REFUSED` (403)
 */
export function requireAccess(
  access: VerifierEndpoint['access'],
  principal: Principal | undefined,
): void {
  if (access !== 'anyone') principalWith(access, principal)
}

/** The caller, who has one of the roles. @throws ServerError `SERVER_CREDENTIALS_MISSING`, `SERVER_ROLE_REFUSED` */
export function principalWith(
  roles: readonly VerifierRole[],
  principal: Principal | undefined,
): Principal {
  if (principal === undefined) {
    throw new ServerError('SERVER_CREDENTIALS_MISSING', 'the request brings no credentials', {
      details: { challenge },
      remedy: 'send name and password (Basic) or an API key (Bearer) in the header Authorization',
    })
  }
  if (roles.some((role) => principal.roles.includes(role))) return principal
  const has = principal.roles.length === 0 ? 'no role' : principal.roles.join(' and ')
  const message = `${principal.name} has ${has}, but must have ${roles.join(' or ')}`
  throw new ServerError('SERVER_ROLE_REFUSED', message)
}
