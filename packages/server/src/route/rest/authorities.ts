import { toBase64 } from '@keyline/bytes'
import { z } from 'zod'
import { json } from '../../answer/answer.ts'
import { ServerError } from '../../errors.ts'
import { restResponses } from '../document.ts'
import { param, type Endpoint } from '../endpoint.ts'
import type { Service } from '../service.ts'
import { CaReply } from './schema.ts'

/** What a stranger may see: the certificates of the CAs, and their revocation lists. */
export function authorityEndpoints(service: Service): readonly Endpoint[] {
  const reply: z.input<typeof CaReply> = {
    pai: toBase64(service.pai),
    paa: toBase64(service.paa),
    service: toBase64(service.serviceCa.certificate),
  }
  return [
    {
      id: 'GET /v1/cacerts',
      errors: 'problem',
      load: 'immediate',
      document: {
        summary: 'The CA certificates',
        responses: restResponses(200, 'CA certificates.', CaReply),
      },
      handle: () => json(reply),
    },
    {
      id: 'GET /v1/crl/{file}',
      errors: 'problem',
      document: {
        summary: 'The newest revocation list of a CA',
        request: {
          params: z.object({
            file: z.string().describe('key identifier of the CA in hexadecimal, and .crl'),
          }),
        },
        responses: {
          ...restResponses(200, ''),
          200: { description: 'DER of the list.', content: { 'application/pkix-crl': {} } },
        },
      },
      handle: async (request) => {
        const file = param(request, 'file')
        const [, keyId] = /^([0-9A-Fa-f]{40})\.crl$/.exec(file) ?? []
        const list =
          keyId === undefined ? undefined : await service.ledger.revocation.crl(keyId.toLowerCase())
        if (list === undefined)
          throw new ServerError('SERVER_NOT_FOUND', `there is no list ${file}`)
        return {
          status: 200,
          type: 'application/pkix-crl',
          body: list.der,
          headers: { 'Last-Modified': new Date(list.thisUpdate).toUTCString() },
        }
      },
    },
  ]
}
