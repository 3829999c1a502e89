import { toBase64, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { z } from 'zod'
import { json } from '../../answer/answer.ts'
import { ServerError } from '../../errors.ts'
import { restResponses } from '../document.ts'
import { header, memberOf, param, type Endpoint, type EndpointRequest } from '../endpoint.ts'
import { visibleText } from '../issue.ts'
import type { CertificateView, Service } from '../service.ts'
import { orderId, RecallReply } from './schema.ts'

interface Recalled extends CertificateView {
  readonly requestHash: string
}

/**
 * `GET /v1/orders/{order}/dac`: what a station was answered under an idempotency key, without issuing anything. A
 * station that lost an answer asks so what became of its request.
 */
export function recallEndpoint(service: Service): Endpoint {
  return {
    id: 'GET /v1/orders/{order}/dac',
    errors: 'problem',
    document: {
      summary: 'The certificate that a request of this station was answered with',
      request: {
        params: z.object({ order: orderId }),
        headers: z.object({ 'idempotency-key': z.string().regex(visibleText) }),
      },
      responses: restResponses(200, 'The certificate and its state.', RecallReply),
    },
    handle: async (request) => json(replyOf(await recalled(service, request))),
  }
}

/** What another station asked for is as unknown as what nobody did. */
async function recalled({ ledger }: Service, request: EndpointRequest): Promise<Recalled> {
  const idempotencyKey = header(request, 'idempotency-key', visibleText)
  if (idempotencyKey === undefined) {
    throw new ServerError('SERVER_HEADER_INVALID', 'the header Idempotency-Key is missing')
  }
  const issued = await ledger.issued(idempotencyKey)
  const found = issued && (await ledger.certificate(toHex(sha256(issued.certificate))))
  const isOwn = found?.stationId === memberOf(request).name
  if (issued !== undefined && found?.orderId === param(request, 'order') && isOwn) {
    return { ...found, requestHash: issued.requestHash }
  }
  const message = `this station has no answer to the request ${idempotencyKey}`
  throw new ServerError('SERVER_NOT_FOUND', message)
}

function replyOf(found: Recalled): z.input<typeof RecallReply> {
  return {
    sha256: found.sha256,
    unit: found.unitId,
    requestHash: found.requestHash,
    issuerKeyId: found.issuerKeyId,
    serialNumber: found.serialNumber,
    state: found.state,
    certificate: toBase64(found.certificate),
  }
}
