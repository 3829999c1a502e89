import { z } from '@hono/zod-openapi'
import { psaScheme } from '@keyline/verifier'
import type { Answer } from '../../answer/answer.ts'
import { ServerError } from '../../errors.ts'
import type { VerifierEndpoint, VerifierRequest } from '../endpoint.ts'
import { responses } from '../http/document.ts'
import type { EarKey } from '../key/kinds.ts'
import type { SharedKeys } from '../key/shared-keys.ts'
import { accepts } from '../media/accept.ts'
import { evidenceTypeTexts } from '../media/evidence-type.ts'
import { corimMediaTypes } from '../provisioning/corim-type.ts'
import { activateOnSubmit, provisioningPath } from '../provisioning/endpoints.ts'

export type ServiceState = 'DOWN' | 'INITIALIZING' | 'READY' | 'TERMINATING'

export interface DiscoveryParts {
  readonly keys: SharedKeys<EarKey>
  /** Version of the build. */
  readonly version: string
  readonly state: () => Promise<ServiceState>
  readonly now: () => number
}

const discoveryType = 'application/vnd.veraison.discovery+json'
const plainType = 'application/json'
const maxAgeSeconds = 60

const Jwk = z.object({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  alg: z.literal('ES256'),
  kid: z.string(),
  use: z.literal('sig'),
  x: z.string(),
  y: z.string(),
})
const Discovery = z.object({
  'media-types': z.array(z.string()),
  'attestation-schemes': z.array(z.string()),
  version: z.string(),
  'service-state': z.enum(['DOWN', 'INITIALIZING', 'READY', 'TERMINATING']),
  'api-endpoints': z.record(z.string(), z.string()),
})
const VerificationDiscovery = Discovery.extend({ 'ear-verification-key': Jwk })
const ProvisioningDiscovery = Discovery.extend({ 'activate-on-submit': z.boolean() })
const KeySet = z.object({ keys: z.array(Jwk) }).openapi('KeySet')

/** What a client can find out before it begins (attestation-verifier chapter 3). */
export function discoveryEndpoints(parts: DiscoveryParts): readonly VerifierEndpoint[] {
  return [
    discovery('verification', VerificationDiscovery, parts, ({ prefix = '' }) => ({
      'ear-verification-key': parts.keys.current.jwk,
      'media-types': evidenceTypeTexts,
      'api-endpoints': {
        newChallengeResponseSession: `${prefix}/challenge-response/v1/newSession`,
      },
    })),
    discovery('provisioning', ProvisioningDiscovery, parts, ({ prefix = '' }) => ({
      'media-types': corimMediaTypes,
      'activate-on-submit': activateOnSubmit,
      'api-endpoints': { provisioningSubmit: `${prefix}${provisioningPath}/submit` },
    })),
    {
      method: 'GET',
      path: '/.well-known/jwks.json',
      access: 'anyone',
      bodyLimit: 0,
      load: 'immediate',
      document: {
        summary: 'Keys of results: the current one, the next, and those that were',
        responses: responses(200, 'A JWK Set.', { type: plainType, schema: KeySet }),
      },
      handle: () =>
        cached(parts, plainType, JSON.stringify({ keys: parts.keys.all.map(({ jwk }) => jwk) })),
    },
  ]
}

function discovery(
  name: 'verification' | 'provisioning',
  schema: z.ZodType,
  parts: DiscoveryParts,
  members: (request: VerifierRequest) => Readonly<Record<string, unknown>>,
): VerifierEndpoint {
  return {
    method: 'GET',
    path: `/.well-known/veraison/${name}`,
    access: 'anyone',
    bodyLimit: 0,
    load: 'immediate',
    document: {
      summary: `Discovery of ${name}`,
      responses: responses(200, 'What the service offers.', { type: discoveryType, schema }),
    },
    handle: async (request) => {
      const { accept } = request.incoming.headers
      const type = [discoveryType, plainType].find((one) => accepts(accept, one))
      if (type === undefined) {
        const message = `the only supported output format is ${discoveryType}`
        throw new ServerError('SERVER_NOT_ACCEPTABLE', message)
      }
      const document = {
        ...members(request),
        'attestation-schemes': [psaScheme],
        version: parts.version,
        'service-state': await parts.state(),
      }
      return cached(parts, type, JSON.stringify(document))
    },
  }
}

function cached({ now }: DiscoveryParts, type: string, body: string): Answer {
  const expires = new Date(now() + maxAgeSeconds * 1000).toUTCString()
  const headers = { 'Cache-Control': `max-age=${maxAgeSeconds}`, Expires: expires }
  return { status: 200, type, body, headers }
}
