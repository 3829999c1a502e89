import { concat, encodeUtf8, toBase64, type Clock, type Secret } from '@keyline/bytes'
import type { P256KeyPair } from '@keyline/crypto'
import {
  attributeText,
  buildRequest,
  isSignedBy,
  name as nameOf,
  Oid,
  publicKeyOf,
  readName,
  type Certificate,
} from '@keyline/x509'
import { IssuerError } from '../errors.ts'
import { estEnrolment, estPath, readCertificates } from './est-message.ts'
import { readAnswer } from './http-issuer.ts'
import type { HttpRequest, HttpTransport } from './http-transport.ts'
import { refusalOf } from './refusal.ts'

/** Label of EST for the certificates of people and stations. */
const members = 'members'

export interface MembershipOptions {
  readonly transport: HttpTransport
  readonly clock: Clock
  /** The CA of the service, which signs members, too. */
  readonly ca: Certificate
  readonly name: string
  /** The member's new key. */
  readonly keyPair: P256KeyPair
  readonly signal?: AbortSignal | undefined
}

const timeoutMs = 30_000

/**
 * Turns a one-time token into a certificate of the service (EST `simpleenroll`, HTTP Basic over TLS). Never tried
 * again by itself: the token may be used up.
 * @returns the member's certificate, for the key, of the CA and with the name
 * @throws IssuerError
 */
export async function enrolMember(
  options: MembershipOptions & { readonly token: Secret },
): Promise<Certificate> {
  const { name, token } = options
  const call = await requestOf(options, 'simpleenroll')
  const credentials = toBase64(concat(encodeUtf8(`${name}:`), token.reveal()))
  const headers = { ...call.headers, authorization: `Basic ${credentials}` }
  return exchange(options, { ...call, headers })
}

/**
 * A new certificate for a new key, under the present one that the transport shows (EST `simplereenroll`).
 * @throws IssuerError
 */
export async function renewMember(options: MembershipOptions): Promise<Certificate> {
  return exchange(options, await requestOf(options, 'simplereenroll'))
}

async function requestOf(
  { name, keyPair }: Pick<MembershipOptions, 'name' | 'keyPair'>,
  end: 'simpleenroll' | 'simplereenroll',
): Promise<HttpRequest> {
  const subject = nameOf([{ type: Oid.commonName, value: name }])
  return estEnrolment(estPath(end, members), await buildRequest({ subject, keyPair }))
}

async function exchange(options: MembershipOptions, call: HttpRequest): Promise<Certificate> {
  const { transport, clock, signal } = options
  const answer = await transport.exchange(call, { signal, timeoutMs })
  const place = `POST ${call.path}`
  if (answer.status !== 200 && answer.status !== 201) throw refusalOf(answer, place, clock.now())
  const certificates = readAnswer(place, () => readCertificates(answer))
  return ownCertificate(certificates, options)
}

/** @throws IssuerError `ISSUER_ANSWER_REFUSED` */
function ownCertificate(
  certificates: readonly Certificate[],
  { ca, name, keyPair }: MembershipOptions,
): Certificate {
  const point = String(keyPair.publicKey.point)
  const own = certificates.find(({ publicPoint }) => String(publicPoint) === point)
  if (own === undefined) throw refused('no certificate of the answer is for the new key')
  const caKey = publicKeyOf(ca)
  if (caKey === undefined || !isSignedBy(own, caKey)) {
    throw refused('the CA of the service has not signed the certificate')
  }
  const commonName = commonNameOf(own)
  if (commonName !== name) throw refused(`the certificate names ${commonName ?? 'nobody'}`)
  return own
}

/** The common name of a certificate's subject, where it has one that is text. */
export function commonNameOf(certificate: Pick<Certificate, 'subject'>): string | undefined {
  const attribute = readName(certificate.subject).find(({ type }) => type === Oid.commonName)
  return attribute === undefined ? undefined : attributeText(attribute)
}

function refused(why: string): IssuerError {
  return new IssuerError('ISSUER_ANSWER_REFUSED', why)
}
