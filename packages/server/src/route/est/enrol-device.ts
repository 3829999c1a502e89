import { isKeylineError, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { parseRequest } from '@keyline/x509'
import {
  header,
  memberOf,
  param,
  requireMediaType,
  type Endpoint,
  type EndpointRequest,
} from '../endpoint.ts'
import { estResponses } from '../document.ts'
import { boardForm, issueCounted, serialNumberForm, unitIdForm, visibleText } from '../issue.ts'
import type { DacCall, Service } from '../service.ts'
import { certificatesAnswer, certsOnlyType, readEstBase64 } from './message.ts'

/**
 * `simpleenroll` under the label of a work order (RFC 7030 section 4.2). A caller that knows nothing of units names none:
 * the key of the request then stands for the unit, and makes asking again the same question.
 */
export function deviceEnrolment(service: Service): Endpoint {
  return {
    id: 'POST /.well-known/est/{label}/simpleenroll',
    errors: 'text',
    document: {
      summary: 'EST: issue a device attestation certificate under the work order of the label',
      request: { body: { required: true, content: { 'application/pkcs10': {} } } },
      responses: estResponses(
        200,
        'The certificate alone; `cacerts` has those above it.',
        certsOnlyType,
      ),
    },
    handle: async (request) => {
      const answer = await issueCounted(service, callOf(request), request.signal)
      return certificatesAnswer([answer.dac])
    },
  }
}

function callOf(request: EndpointRequest): DacCall {
  requireMediaType(request, 'application/pkcs10')
  const csr = readEstBase64(request.body)
  const orderId = param(request, 'label')
  const key = keyOf(csr)
  const unitId = header(request, 'keyline-unit', unitIdForm) ?? `key-${key.slice(0, 32)}`
  return {
    orderId,
    unitId,
    idempotencyKey: header(request, 'idempotency-key', visibleText) ?? `est:${orderId}:${key}`,
    csr,
    stationId: memberOf(request).name,
    identity: {
      serialNumber:
        header(request, 'keyline-serial-number', serialNumberForm) ?? serialNumberOf(unitId),
      boardUid: header(request, 'keyline-board', boardForm),
    },
  }
}

/** A serial number has at most 32 characters. */
function serialNumberOf(unitId: string): string {
  return unitId.slice(0, 32)
}

/** SHA-256 of the SubjectPublicKeyInfo in hexadecimal; of the octets when they are no request, which the issuer then says. */
function keyOf(csr: Uint8Array): string {
  try {
    return toHex(sha256(parseRequest(csr).spki.der))
  } catch (error) {
    if (!isKeylineError(error)) throw error
    return toHex(sha256(csr))
  }
}
