import { encodeUtf8, fromBase64, toBase64 } from '@keyline/bytes'
import { IssuerError } from '../errors.ts'
import type { DacChain, DacRequest } from '../issue/local-issuer.ts'
import { createHttpIssuer, type HttpIssuerOptions } from './http-issuer.ts'
import { mediaTypeOf, type HttpAnswer, type HttpRequest } from './http-transport.ts'
import type { IssuerClient } from './issuer-client.ts'
import { jsonObjectOf, readJson, textMember } from './json-object.ts'

/** An issuer behind the REST form: `POST /v1/orders/{id}/dac`, JSON both ways. */
export function createRestIssuer(options: HttpIssuerOptions): IssuerClient {
  return createHttpIssuer(options, { ask, read: readDacAnswer, healthPath: '/readyz' })
}

function ask(request: DacRequest): HttpRequest {
  const { orderId, unitId, idempotencyKey, csr, identity } = request
  const body = {
    unit: unitId,
    serialNumber: identity?.serialNumber,
    board: identity?.boardUid,
    csr: toBase64(csr),
  }
  return {
    method: 'POST',
    path: `/v1/orders/${encodeURIComponent(orderId)}/dac`,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      'idempotency-key': idempotencyKey,
    },
    body: encodeUtf8(JSON.stringify(body)),
  }
}

/** The three certificates of a JSON answer. @throws BytesError `BYTES_TEXT`, IssuerError `ISSUER_ANSWER_MALFORMED` */
export function readDacAnswer(answer: Pick<HttpAnswer, 'header' | 'body'>): DacChain {
  const type = mediaTypeOf(answer)
  if (type !== 'application/json') {
    throw new IssuerError('ISSUER_ANSWER_MALFORMED', `the answer is of type ${type}`)
  }
  const chain = jsonObjectOf(readJson(answer.body, 'answer'), 'answer')
  const octets = (member: string): Uint8Array => fromBase64(textMember(chain, member), member)
  return { dac: octets('dac'), pai: octets('pai'), paa: octets('paa') }
}
