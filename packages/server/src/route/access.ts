import type { Access } from '../identity/authenticate.ts'

const issuing = ['station'] as const
const planning = ['owner', 'officer'] as const
const overseeing = ['owner', 'officer', 'auditor'] as const
const auditing = ['owner', 'auditor'] as const

/**
 * Whom each endpoint serves. An endpoint that is not here cannot be opened: what is not allowed is refused.
 * `anyone` needs no client certificate; the endpoint may still ask for a one-time token.
 */
export const access = {
  'GET /healthz': 'anyone',
  'GET /readyz': 'anyone',
  'GET /openapi.json': 'anyone',
  'GET /metrics': 'members',

  'GET /.well-known/est/cacerts': 'anyone',
  'GET /.well-known/est/{label}/cacerts': 'anyone',
  'GET /.well-known/est/{label}/csrattrs': 'members',
  'POST /.well-known/est/members/simpleenroll': 'anyone',
  'POST /.well-known/est/members/simplereenroll': 'members',
  'POST /.well-known/est/{label}/simpleenroll': issuing,
  'POST /.well-known/est/{label}/simplereenroll': issuing,
  'POST /.well-known/est/{label}/serverkeygen': issuing,

  'POST /v1/orders/{order}/dac': issuing,
  'GET /v1/orders/{order}/dac': issuing,
  'GET /v1/orders': 'members',
  'POST /v1/orders': planning,
  'GET /v1/orders/{order}': 'members',
  'POST /v1/orders/{order}/pause': planning,
  'POST /v1/orders/{order}/resume': planning,
  'POST /v1/orders/{order}/close': planning,

  'GET /v1/certificates/{sha256}': 'members',
  'POST /v1/certificates/{sha256}/revoke': ['owner', 'officer', 'station'],

  'GET /v1/members': overseeing,
  'POST /v1/members': planning,
  'POST /v1/members/{name}/block': planning,
  'POST /v1/members/{name}/unblock': planning,

  'GET /v1/audit': auditing,
  'GET /v1/cacerts': 'anyone',
  'GET /v1/crl/{file}': 'anyone',
} as const satisfies Readonly<Record<string, Access>>

export type EndpointId = keyof typeof access
