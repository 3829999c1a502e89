import { decodeUtf8, describeFinding, fromBase64, isKeylineError, toHex } from '@keyline/bytes'
import { p256Spki, sha256 } from '@keyline/crypto'
import { checkRequest } from '@keyline/issuer'
import { attributeText, Oid, parseRequest, readName } from '@keyline/x509'
import { ServerError } from '../../errors.ts'
import { memberName } from '../../identity/member.ts'
import { tokenHash } from '../../identity/one-time-token.ts'
import { certifyMember, type CertifiedMember } from '../../service-ca/certify.ts'
import { memberOf, requireMediaType, type Endpoint, type EndpointRequest } from '../endpoint.ts'
import { estResponses } from '../document.ts'
import type { Service } from '../service.ts'
import { certificatesAnswer, certsOnlyType, readEstBase64 } from './message.ts'

const request = { body: { required: true, content: { 'application/pkcs10': {} } } }
const responses = estResponses(200, 'The client certificate.', certsOnlyType)

/** First certificate of a member: name and one-time token by HTTP Basic authentication (RFC 7030 section 3.2.3). */
export function memberEnrolment(service: Service): Endpoint {
  return {
    id: 'POST /.well-known/est/members/simpleenroll',
    errors: 'text',
    document: { summary: 'EST: enrol a member with its one-time token', request, responses },
    handle: async (request) => {
      const { name, tokenSha256 } = credentialsOf(request)
      const made = await certified(service, request, name)
      const { members } = service.ledger.as(name)
      await members.enrol({ ...made.entry, tokenSha256 })
      service.directory.forget()
      return certificatesAnswer([made.certificate])
    },
  }
}

/** Next certificate of a member, asked for with the present one. The subject stays; the key may change. */
export function memberRenewal(service: Service): Endpoint {
  return {
    id: 'POST /.well-known/est/members/simplereenroll',
    errors: 'text',
    document: { summary: 'EST: renew the client certificate of a member', request, responses },
    handle: async (request) => {
      const { name } = memberOf(request)
      const previousSpkiSha256 = request.peer?.spkiSha256 ?? ''
      const made = await certified(service, request, name)
      const { members } = service.ledger.as(name)
      await members.renew({ ...made.entry, previousSpkiSha256 })
      service.directory.forget()
      return certificatesAnswer([made.certificate])
    },
  }
}

/** Checks the request as strictly as one of a board, and signs. Nothing leaves before it is recorded. */
async function certified(
  service: Service,
  request: EndpointRequest,
  name: string,
): Promise<CertifiedMember> {
  requireMediaType(request, 'application/pkcs10')
  const csr = readEstBase64(request.body)
  const caKey = toHex(sha256(p256Spki(service.serviceCa.keyPair.publicKey.point)))
  const result = await checkRequest(csr, {
    ...noProduct,
    policy: service.policy,
    isKeyKnown: (spkiSha256) => Promise.resolve(spkiSha256 === caKey),
  })
  if (!result.ok) {
    const { rule } = result.finding
    throw new ServerError('SERVER_REQUEST_REFUSED', describeFinding(result.finding), {
      details: { rule },
    })
  }
  requireSubject(parseRequest(csr).subject, name)
  const by = { ...service, ca: service.serviceCa }
  return certifyMember(by, { name, publicKey: result.publicKey, spkiSha256: result.spkiSha256 })
}

/** A member has no product: a request that names one is meant for a device. */
const noProduct = { vendorId: 0, productId: 0 } as const

/** The subject is empty, or the name of the member and nothing else. @throws ServerError `SERVER_REQUEST_REFUSED` */
function requireSubject(subject: Uint8Array, wanted: string): void {
  const attributes = readName(subject)
  if (attributes.length === 0) return
  const [first] = attributes
  if (
    attributes.length === 1 &&
    first?.type === Oid.commonName &&
    attributeText(first) === wanted
  ) {
    return
  }
  throw new ServerError(
    'SERVER_REQUEST_REFUSED',
    `the subject of the request is neither empty nor the common name ${wanted}`,
  )
}

/** @throws ServerError `SERVER_TOKEN_MISSING` */
function credentialsOf({ incoming }: EndpointRequest): {
  readonly name: string
  readonly tokenSha256: string
} {
  const [, encoded] =
    /^Basic +([A-Za-z0-9+/=]{1,400})$/i.exec(incoming.headers.authorization ?? '') ?? []
  const [, name = '', token = ''] = /^([^:]*):(.*)$/s.exec(decodedBasic(encoded)) ?? []
  if (!memberName.test(name) || !/^[A-Za-z0-9_-]{43}$/.test(token)) {
    throw new ServerError('SERVER_TOKEN_MISSING', 'no member name with a one-time token was sent')
  }
  return { name, tokenSha256: tokenHash(token) }
}

function decodedBasic(encoded = ''): string {
  try {
    return decodeUtf8(fromBase64(encoded))
  } catch (error) {
    if (!isKeylineError(error)) throw error
    return ''
  }
}
