import { toBase64 } from '@keyline/bytes'
import { z } from 'zod'
import { json, type Answer } from '../../answer/answer.ts'
import { ServerError } from '../../errors.ts'
import { jsonRequest, restResponses } from '../document.ts'
import { jsonBody, memberOf, param, type Endpoint, type EndpointRequest } from '../endpoint.ts'
import type { CertificateView, RevocationReason, Service } from '../service.ts'
import { CertificateReply, RevocationReply, RevokeBody, sha256Hex } from './schema.ts'

const params = z.object({ sha256: sha256Hex })

/** Why a station may revoke what it asked for itself: the board is gone or got another one. The rest needs an officer. */
const stationReasons: ReadonlySet<RevocationReason> = new Set([
  'superseded',
  'cessationOfOperation',
])

/** Device certificates that were issued, and their revocation. */
export function certificateEndpoints(service: Service): readonly Endpoint[] {
  return [
    {
      id: 'GET /v1/certificates/{sha256}',
      errors: 'problem',
      document: {
        summary: 'One issued certificate',
        request: { params },
        responses: restResponses(200, 'The certificate and its state.', CertificateReply),
      },
      handle: async (request) => json(certificateReply(await certificateOf(service, request))),
    },
    {
      id: 'POST /v1/certificates/{sha256}/revoke',
      errors: 'problem',
      document: {
        summary: 'Revoke a certificate; the first reason stands',
        request: { params, ...jsonRequest(RevokeBody) },
        responses: restResponses(200, 'The revocation.', RevocationReply),
      },
      handle: (request) => revoke(service, request),
    },
  ]
}

async function revoke(service: Service, request: EndpointRequest): Promise<Answer> {
  const { reason } = jsonBody(request, RevokeBody)
  const member = memberOf(request)
  const certificate = await certificateOf(service, request)
  const isOwn = certificate.stationId === member.name && stationReasons.has(reason)
  if (member.role === 'station' && !isOwn) {
    const reasons = [...stationReasons].join(' or ')
    const message = `a station revokes certificates that it asked for itself, as ${reasons}`
    throw new ServerError('SERVER_ROLE_REFUSED', message)
  }
  const { revocation } = service.ledger.as(member.name)
  const done = await revocation.revoke({ certificateSha256: certificate.sha256, reason })
  const reply: z.input<typeof RevocationReply> = {
    issuerKeyId: done.issuerKeyId,
    serialNumber: done.serialNumber,
    reason: done.reason,
    revokedAt: new Date(done.revokedAt).toISOString(),
  }
  return json(reply)
}

async function certificateOf(
  { ledger }: Service,
  request: EndpointRequest,
): Promise<CertificateView> {
  const sha256 = param(request, 'sha256')
  const found = sha256Hex.safeParse(sha256).success ? await ledger.certificate(sha256) : undefined
  if (found !== undefined) return found
  throw new ServerError('SERVER_NOT_FOUND', `no certificate has the SHA-256 ${sha256}`)
}

function certificateReply(found: CertificateView): z.input<typeof CertificateReply> {
  return {
    sha256: found.sha256,
    order: found.orderId,
    unit: found.unitId,
    issuerKeyId: found.issuerKeyId,
    serialNumber: found.serialNumber,
    state: found.state,
    issuedAt: new Date(found.issuedAt).toISOString(),
    ...(found.stationId !== undefined && { station: found.stationId }),
    certificate: toBase64(found.certificate),
  }
}
