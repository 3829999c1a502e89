import { z } from '@hono/zod-openapi'
import { authorityName } from '@keyline/verifier'
import {
  extensionOf,
  Oid,
  parseCertificate,
  pemDecode,
  pemEncode,
  publicKeyOf,
  readBasicConstraints,
  X509Error,
} from '@keyline/x509'
import { json, type Answer } from '../../answer/answer.ts'
import { ServerError } from '../../errors.ts'
import { jsonRequest } from '../../route/document.ts'
import type { VerifierEndpoint, VerifierRequest } from '../endpoint.ts'
import { authoritiesOf, denialKinds, type AuthorityRecord } from './authority-store.ts'
import { readers } from './devices.ts'
import {
  bodyOf,
  documentResponses,
  emptyResponses,
  managementPath,
  nothing,
  pathPart,
} from './documents.ts'
import { managers } from './policies.ts'

const hashForm = /^[0-9a-f]{64}$/

export const AuthorityBody = z.strictObject({
  certificate: z.string().max(16_384).describe('X.509 in PEM, on P-256, of an authority'),
  subjectPrefixes: z
    .array(z.string().regex(/^[\x20-\x7e]{1,64}$/))
    .min(1)
    .max(32)
    .optional()
    .describe('names of devices before their serial number; those of STM32 chips unless given'),
  acceptUnregistered: z
    .boolean()
    .optional()
    .describe('a certified device is recognised without being registered; false unless given'),
})

export const AuthorityReply = z.strictObject({
  sha256: z.string().describe('of the certificate: its name here'),
  subject: z.string(),
  certificate: z.string().describe('PEM'),
  subjectPrefixes: z.array(z.string()).optional(),
  acceptUnregistered: z.boolean(),
  addedAt: z.iso.datetime(),
})

const kind = z.enum(denialKinds)

export const Denial = z.strictObject({
  kind,
  value: z
    .string()
    .regex(/^[\x20-\x7e]{1,200}$/)
    .describe('hexadecimal of a serial number or of a key hash, or a common name'),
  reason: z.string().min(1).max(200),
})

/** What the values of each kind look like. */
const denialForms: Readonly<Record<z.output<typeof kind>, RegExp>> = {
  'serial-number': /^[0-9a-f]{2,42}$/,
  subject: /^[\x20-\x7e]{1,200}$/,
  'key-hash': hashForm,
}

/** Authorities of device certificates that are trusted, and certificates that are not (attestation-verifier 5.3). */
export function authorityEndpoints(): readonly VerifierEndpoint[] {
  return [
    {
      method: 'GET',
      path: `${managementPath}/authorities`,
      document: {
        summary: 'Authorities of device certificates that are trusted',
        responses: documentResponses(
          200,
          'Authorities.',
          'application/json',
          z.array(AuthorityReply),
        ),
      },
      access: readers,
      bodyLimit: 0,
      handle: async ({ store }) => json((await authoritiesOf(store).list()).map(authorityReply)),
    },
    {
      method: 'POST',
      path: `${managementPath}/authorities`,
      document: {
        summary: 'Trust an authority; again: with these settings',
        request: jsonRequest(AuthorityBody),
        responses: documentResponses(
          201,
          'Its name.',
          'application/json',
          z.strictObject({ sha256: z.string() }),
        ),
      },
      access: managers,
      bodyLimit: 32 * 1_024,
      handle: trust,
    },
    {
      method: 'DELETE',
      path: `${managementPath}/authorities/{sha256}`,
      document: {
        summary: 'Trust an authority no more',
        request: { params: z.object({ sha256: z.string().regex(hashForm) }) },
        responses: emptyResponses,
      },
      access: managers,
      bodyLimit: 0,
      handle: async (request) => {
        const sha256 = pathPart(request, 'sha256', hashForm)
        if (await authoritiesOf(request.store).remove(sha256)) return nothing
        throw new ServerError('SERVER_NOT_FOUND', `no authority ${sha256} is trusted`)
      },
    },
    {
      method: 'GET',
      path: `${managementPath}/denied-certificates`,
      document: {
        summary: 'Device certificates that are refused whoever signed them',
        responses: documentResponses(200, 'Deny list.', 'application/json', z.array(Denial)),
      },
      access: readers,
      bodyLimit: 0,
      handle: async ({ store }) => json(await authoritiesOf(store).denied()),
    },
    {
      method: 'POST',
      path: `${managementPath}/denied-certificates`,
      document: {
        summary: 'Refuse device certificates; again: the first reason stands',
        request: jsonRequest(Denial),
        responses: emptyResponses,
      },
      access: managers,
      bodyLimit: 4 * 1_024,
      handle: async (request) => {
        const denial = await bodyOf(request, Denial)
        const form = denialForms[denial.kind]
        if (!form.test(denial.value)) {
          const message = `value of a ${denial.kind} does not match ${form.source}`
          throw new ServerError('SERVER_BODY_INVALID', message)
        }
        await authoritiesOf(request.store).deny(denial)
        return nothing
      },
    },
    {
      method: 'DELETE',
      path: `${managementPath}/denied-certificates/{kind}/{value}`,
      document: {
        summary: 'Take a certificate from the deny list',
        request: { params: Denial.pick({ kind: true, value: true }) },
        responses: emptyResponses,
      },
      access: managers,
      bodyLimit: 0,
      handle: async (request) => {
        const named = kind.safeParse(request.params['kind'])
        if (!named.success) {
          throw new ServerError(
            'SERVER_HEADER_INVALID',
            `kind is none of ${denialKinds.join(', ')}`,
          )
        }
        const value = pathPart(request, 'value', denialForms[named.data])
        if (await authoritiesOf(request.store).allow({ kind: named.data, value })) return nothing
        throw new ServerError('SERVER_NOT_FOUND', `${named.data} ${value} is not denied`)
      },
    },
  ]
}

async function trust(request: VerifierRequest): Promise<Answer> {
  const body = await bodyOf(request, AuthorityBody)
  const authorities = authoritiesOf(request.store)
  const sha256 = await authorities.trust({ ...body, certificate: authorityOf(body.certificate) })
  return json({ sha256 }, 201)
}

/**
 * DER of the certificate of an authority. Its own signature is not looked at: one of ST's authorities encodes it in
 * another way. @throws ServerError `SERVER_BODY_INVALID`
 */
function authorityOf(pem: string): Uint8Array {
  try {
    const certificate = parseCertificate(pemDecode(pem, 'CERTIFICATE'))
    const extension = extensionOf(certificate, Oid.basicConstraints)
    const isAuthority = extension !== undefined && readBasicConstraints(extension.value).ca
    if (isAuthority && publicKeyOf(certificate) !== undefined) return certificate.der
    const name = authorityName({ certificate })
    throw new ServerError('SERVER_BODY_INVALID', `certificate: ${name} is no authority on P-256`)
  } catch (cause) {
    if (!(cause instanceof X509Error)) throw cause
    throw new ServerError('SERVER_BODY_INVALID', `certificate: ${cause.message}`, { cause })
  }
}

function authorityReply(authority: AuthorityRecord): z.input<typeof AuthorityReply> {
  const { sha256, subject, certificate, addedAt, subjectPrefixes } = authority
  return {
    sha256,
    subject,
    certificate: pemEncode('CERTIFICATE', certificate),
    ...(subjectPrefixes !== undefined && { subjectPrefixes: [...subjectPrefixes] }),
    acceptUnregistered: authority.acceptUnregistered ?? false,
    addedAt: new Date(addedAt).toISOString(),
  }
}
