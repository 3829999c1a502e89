import { fromBase64, isKeylineError, toBase64, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { buildCertsOnly, parseCertificate } from '@keyline/x509'
import { z } from 'zod'
import type { Answer } from '../../answer/answer.ts'
import { ServerError } from '../../errors.ts'
import { estBody, readEstBase64 } from '../est/message.ts'
import {
  header,
  memberOf,
  param,
  readJson,
  requireMediaType,
  type Endpoint,
  type EndpointRequest,
} from '../endpoint.ts'
import { boardForm, issueCounted, serialNumberForm, unitIdForm, visibleText } from '../issue.ts'
import type { DacAnswer, DacCall, Service } from '../service.ts'
import { restResponses } from '../document.ts'
import { DacBody, DacReply, orderId } from './schema.ts'

/** `POST /v1/orders/{order}/dac`: the certificate of one device, exactly once. */
export function dacEndpoint(service: Service): Endpoint {
  return {
    id: 'POST /v1/orders/{order}/dac',
    errors: 'problem',
    document: {
      summary: 'Issue a device attestation certificate',
      request: {
        params: z.object({ order: orderId }),
        headers: z.object({ 'idempotency-key': z.string().regex(visibleText) }),
        body: {
          required: true,
          content: { 'application/json': { schema: DacBody }, 'application/pkcs10': {} },
        },
      },
      responses: {
        ...restResponses(
          200,
          'The certificate that this request was answered with before.',
          DacReply,
        ),
        ...restResponses(201, 'A new certificate.', DacReply),
      },
    },
    handle: async (request) => {
      const call = callOf(request)
      const answer = await issueCounted(service, call, request.signal)
      return wantsCertsOnly(request) ? certsOnly(answer) : jsonReply(answer)
    },
  }
}

function callOf(request: EndpointRequest): DacCall {
  const idempotencyKey = header(request, 'idempotency-key', visibleText)
  if (idempotencyKey === undefined) {
    throw new ServerError('SERVER_HEADER_INVALID', 'the header Idempotency-Key is missing')
  }
  const call = {
    orderId: param(request, 'order'),
    idempotencyKey,
    stationId: memberOf(request).name,
  }
  const type = requireMediaType(request, 'application/json', 'application/pkcs10')
  return type === 'application/json'
    ? { ...call, ...unitInBody(request.body) }
    : { ...call, ...unitInHeaders(request) }
}

type UnitCall = Pick<DacCall, 'unitId' | 'csr' | 'identity'>

function unitInBody(body: Uint8Array): UnitCall {
  const { unit, serialNumber, board, csr } = readJson(body, DacBody)
  return { unitId: unit, csr: csrOf(csr), ...identityOf(serialNumber, board) }
}

function unitInHeaders(request: EndpointRequest): UnitCall {
  const unitId = header(request, 'keyline-unit', unitIdForm)
  if (unitId === undefined) {
    throw new ServerError('SERVER_HEADER_INVALID', 'the header Keyline-Unit is missing')
  }
  const serialNumber = header(request, 'keyline-serial-number', serialNumberForm)
  const board = header(request, 'keyline-board', boardForm)
  const { body } = request
  // DER of a request begins with a SEQUENCE, base64 never with this octet.
  const csr =
    body[0] === 0x30 && body[1] !== undefined && body[1] > 0x7f ? body : readEstBase64(body)
  return { unitId, csr, ...identityOf(serialNumber, board) }
}

/** A board without a serial number of its own takes part in no identity. */
export function identityOf(
  serialNumber: string | undefined,
  boardUid: string | undefined,
): Pick<DacCall, 'identity'> {
  if (serialNumber !== undefined) return { identity: { serialNumber, boardUid } }
  if (boardUid === undefined) return {}
  throw new ServerError('SERVER_BODY_INVALID', 'a board is named, but no serial number')
}

function csrOf(text: string): Uint8Array {
  try {
    return fromBase64(text, 'csr')
  } catch (cause) {
    if (!isKeylineError(cause)) throw cause
    throw new ServerError('SERVER_BODY_INVALID', cause.message, { cause })
  }
}

function wantsCertsOnly({ incoming }: EndpointRequest): boolean {
  return incoming.headers.accept?.toLowerCase().startsWith('application/pkcs7-mime') === true
}

function certsOnly(answer: DacAnswer): Answer {
  return estBody(buildCertsOnly([answer.dac, answer.pai, answer.paa]), statusOf(answer))
}

function statusOf({ replayed }: DacAnswer): number {
  return replayed ? 200 : 201
}

/** Base64 of the two CA certificates, which are the same octets in every answer. */
const encodedAuthorities = new WeakMap<Uint8Array, string>()

function authorityText(der: Uint8Array): string {
  const known = encodedAuthorities.get(der)
  if (known !== undefined) return known
  const text = toBase64(der)
  encodedAuthorities.set(der, text)
  return text
}

/** Put together by hand: base64 and hexadecimal need no escapes. */
function jsonReply(answer: DacAnswer): Answer {
  const { dac, pai, paa, replayed } = answer
  const serialNumber = toHex(parseCertificate(dac).serialNumber)
  const body =
    `{"dac":"${toBase64(dac)}","pai":"${authorityText(pai)}","paa":"${authorityText(paa)}",` +
    `"sha256":"${toHex(sha256(dac))}","serialNumber":"${serialNumber}","replayed":${replayed}}`
  return { status: statusOf(answer), type: 'application/json', body }
}
