import { z } from '@hono/zod-openapi'
import { json } from '../../answer/answer.ts'
import { ServerError } from '../../errors.ts'
import { principalWith } from '../credential/access.ts'
import { credentialName } from '../credential/authorization.ts'
import type { VerifierEndpoint } from '../endpoint.ts'
import type { CredentialStore } from '../port.ts'
import { verifierRoles } from '../port.ts'
import { readers } from './devices.ts'
import {
  documentResponses,
  emptyResponses,
  limitOf,
  listQuery,
  managementPath,
  nothing,
  pathPart,
} from './documents.ts'
import { managers } from './policies.ts'

const time = z.iso.datetime()

export const CorimReply = z.strictObject({
  corimId: z.string(),
  sha256: z.string(),
  octets: z.int(),
  signer: z.string().optional(),
  submittedBy: z.string(),
  submittedAt: time,
})

export const CredentialReply = z.strictObject({
  name: z.string(),
  kind: z.enum(['password', 'api-key']),
  roles: z.array(z.enum(verifierRoles)),
  expiresAt: time.optional(),
  createdAt: time,
})

/** What was submitted, and who may ask. */
export function recordEndpoints({
  credentials,
}: {
  readonly credentials: CredentialStore
}): readonly VerifierEndpoint[] {
  return [
    {
      method: 'GET',
      path: `${managementPath}/corims`,
      document: {
        summary: 'CoRIMs that were stored, the newest first',
        request: { query: listQuery },
        responses: documentResponses(200, 'CoRIMs.', 'application/json', z.array(CorimReply)),
      },
      access: ['provisioner', ...readers],
      bodyLimit: 0,
      handle: async (request) => {
        const found = await request.store.corims.list(limitOf(request))
        return json(
          found.map(({ submittedAt, ...corim }): z.input<typeof CorimReply> => ({
            ...corim,
            submittedAt: isoTime(submittedAt),
          })),
        )
      },
    },
    {
      method: 'GET',
      path: `${managementPath}/credentials`,
      document: {
        summary: 'Names that may ask, without what they are checked by',
        responses: documentResponses(200, 'Names.', 'application/json', z.array(CredentialReply)),
      },
      access: readers,
      bodyLimit: 0,
      handle: async () =>
        json(
          (await credentials.list()).map(
            ({ name, kind, roles, expiresAt, createdAt }): z.input<typeof CredentialReply> => ({
              name,
              kind,
              roles: [...roles],
              ...(expiresAt !== undefined && { expiresAt: isoTime(expiresAt) }),
              createdAt: isoTime(createdAt),
            }),
          ),
        ),
    },
    {
      method: 'DELETE',
      path: `${managementPath}/credentials/{name}`,
      document: {
        summary: 'Shut a name out at once; new ones are made at the machine of the service alone',
        request: { params: z.object({ name: z.string().regex(credentialName) }) },
        responses: emptyResponses,
      },
      access: managers,
      bodyLimit: 0,
      handle: async (request) => {
        const { name: actor } = principalWith(managers, request.principal)
        const name = pathPart(request, 'name', credentialName)
        if (await credentials.remove(name, actor)) return nothing
        throw new ServerError('SERVER_NOT_FOUND', `there is no credential ${name}`)
      },
    },
  ]
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
