import { IssuerError } from '@keyline/issuer'
import { derOid, derSequence, derSet, Oid } from '@keyline/x509'
import { ServerError } from '../../errors.ts'
import type { EndpointId } from '../access.ts'
import { param, type Endpoint } from '../endpoint.ts'
import { estResponses } from '../document.ts'
import type { Service } from '../service.ts'
import { certificatesAnswer, certsOnlyType, estBody } from './message.ts'

/** The label of members; all other labels are work orders. */
export const membersLabel = 'members'

/** CAs of devices without a label or under that of an order; the CA of the service under the label of members. */
export function caCertificates(service: Service): readonly Endpoint[] {
  const { pai, paa, serviceCa } = service
  const devices = certificatesAnswer([pai, paa])
  const members = certificatesAnswer([serviceCa.certificate])
  const responses = estResponses(200, 'CA certificates.', certsOnlyType)
  return [
    {
      id: 'GET /.well-known/est/cacerts',
      errors: 'text',
      load: 'immediate',
      document: { summary: 'EST: the CAs of devices', responses },
      handle: () => devices,
    },
    {
      id: 'GET /.well-known/est/{label}/cacerts',
      errors: 'text',
      document: { summary: 'EST: the CAs of a work order, or of members', responses },
      handle: async (request) => {
        const label = param(request, 'label')
        if (label === membersLabel) return members
        await requireOrder(service, label)
        return devices
      },
    },
  ]
}

/** A P-256 key and ecdsa-with-SHA256, and nothing else (RFC 7030 section 4.5.2, RFC 8951 section 3.3). */
const wantedAttributes = derSequence(
  derSequence(derOid(Oid.ecPublicKey), derSet(derOid(Oid.prime256v1))),
  derOid(Oid.ecdsaWithSha256),
)

export function requestAttributes(service: Service): Endpoint {
  const answer = estBody(wantedAttributes, 200, 'application/csrattrs')
  return {
    id: 'GET /.well-known/est/{label}/csrattrs',
    errors: 'text',
    document: {
      summary: 'EST: what a request must have',
      responses: estResponses(200, 'Key type and signature algorithm.', 'application/csrattrs'),
    },
    handle: async (request) => {
      const label = param(request, 'label')
      if (label !== membersLabel) await requireOrder(service, label)
      return answer
    },
  }
}

/** What the policy refuses: keys are made in the device, and a device certificate is never renewed. */
export function refusedFunctions(): readonly Endpoint[] {
  return [
    refused(
      'POST /.well-known/est/{label}/serverkeygen',
      'the key of a device is made in the device, never by the server',
    ),
    refused(
      'POST /.well-known/est/{label}/simplereenroll',
      'a device certificate is not renewed: a new one needs a new key and a unit of the order',
    ),
  ]
}

function refused(id: EndpointId, message: string): Endpoint {
  return {
    id,
    errors: 'text',
    load: 'immediate',
    document: { summary: 'EST: refused by policy', responses: estResponses(403, 'Always.') },
    handle: () => {
      throw new ServerError('SERVER_EST_REFUSED', message)
    },
  }
}

async function requireOrder({ ledger }: Service, label: string): Promise<void> {
  if ((await ledger.order(label)) !== undefined) return
  throw new IssuerError('ISSUER_ORDER_UNKNOWN', `the label ${label} is no work order`)
}
