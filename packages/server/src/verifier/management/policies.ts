import { z } from '@hono/zod-openapi'
import { decodeUtf8, isKeylineError, type Clock, type Random } from '@keyline/bytes'
import { compilePolicy, psaScheme, VerifierError } from '@keyline/verifier'
import type { Answer } from '../../answer/answer.ts'
import { ServerError } from '../../errors.ts'
import { principalWith } from '../credential/access.ts'
import type { VerifierEndpoint, VerifierRequest } from '../endpoint.ts'
import { requireAccept } from '../media/accept.ts'
import { parseMediaType } from '../media/media-type.ts'
import type { PolicyRecord, VerifierRole } from '../port.ts'
import {
  documentResponses,
  emptyResponses,
  managementPath,
  nothing,
  typedJson,
} from './documents.ts'
import { drawUuid, readUuid } from './uuid.ts'

/** Media types of the policy interface (attestation-verifier 8.3). */
export const PolicyType = {
  policy: 'application/vnd.veraison.policy+json',
  policies: 'application/vnd.veraison.policies+json',
  /** Rules of the native engine: JSON, with CEL where a condition is a text. */
  native: 'application/vnd.keyline.policy+json',
  /** Rules in Rego. */
  rego: 'application/vnd.veraison.policy.opa',
} as const

export interface PolicyParts {
  readonly clock: Clock
  readonly random: Random
}

/** Who changes what the service trusts and decides. */
export const managers = ['manager'] as const satisfies readonly VerifierRole[]

/** Octets of the rules of a policy. */
const mostRules = 64 * 1_024
const nameForm = /^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/
/** As clients of the reference service know a policy that was given no name. */
const defaultName = 'default'

export const PolicyReply = z.strictObject({
  uuid: z.uuid(),
  ctime: z.iso.datetime(),
  name: z.string(),
  type: z.string().describe('media type of the rules'),
  rules: z.string(),
  active: z.boolean(),
})

const scheme = z.string().describe(psaScheme)
const params = z.object({ scheme })
const oneParams = z.object({ scheme, uuid: z.uuid() })
const name = z.string().regex(nameForm).optional()
const policyResponses = (status: number) =>
  documentResponses(status, 'The policy.', PolicyType.policy, PolicyReply)

/** Policies: upload, look, activate, deactivate. At most one of a scheme is active. */
export function policyEndpoints(parts: PolicyParts): readonly VerifierEndpoint[] {
  return [
    {
      method: 'POST',
      path: `${managementPath}/policy/{scheme}`,
      document: {
        summary: 'Upload a policy, which is not active yet',
        request: {
          params,
          query: z.object({ name }),
          body: { required: true, content: { [PolicyType.native]: { schema: z.string() } } },
        },
        responses: policyResponses(201),
      },
      access: managers,
      bodyLimit: mostRules,
      handle: (request) => upload(request, parts),
    },
    {
      method: 'GET',
      path: `${managementPath}/policy/{scheme}`,
      document: {
        summary: 'The active policy',
        request: { params },
        responses: policyResponses(200),
      },
      access: managers,
      bodyLimit: 0,
      handle: async (request) => {
        requireAccept(request.incoming.headers.accept, PolicyType.policy)
        return policyAnswer(await request.store.policies.active(schemeOf(request)))
      },
    },
    {
      method: 'GET',
      path: `${managementPath}/policy/{scheme}/{uuid}`,
      document: {
        summary: 'One policy',
        request: { params: oneParams },
        responses: policyResponses(200),
      },
      access: managers,
      bodyLimit: 0,
      handle: async (request) => {
        requireAccept(request.incoming.headers.accept, PolicyType.policy)
        return policyAnswer(await policyOf(request))
      },
    },
    {
      method: 'POST',
      path: `${managementPath}/policy/{scheme}/{uuid}/activate`,
      document: {
        summary: 'Make a policy the active one',
        request: { params: oneParams },
        responses: emptyResponses,
      },
      access: managers,
      bodyLimit: mostRules,
      handle: activate,
    },
    {
      method: 'GET',
      path: `${managementPath}/policies/{scheme}`,
      document: {
        summary: 'All policies, the oldest first',
        request: { params, query: z.object({ name }) },
        responses: documentResponses(200, 'Policies.', PolicyType.policies, z.array(PolicyReply)),
      },
      access: managers,
      bodyLimit: 0,
      handle: async (request) => {
        requireAccept(request.incoming.headers.accept, PolicyType.policies)
        const { store, query } = request
        const found = await store.policies.list(schemeOf(request), query.get('name') || undefined)
        return typedJson(PolicyType.policies, found.map(policyReply))
      },
    },
    {
      method: 'POST',
      path: `${managementPath}/policies/{scheme}/deactivate`,
      document: {
        summary: 'Leave no policy active',
        request: { params },
        responses: emptyResponses,
      },
      access: managers,
      bodyLimit: mostRules,
      handle: async (request) => {
        const { name } = principalWith(managers, request.principal)
        await request.store.policies.deactivate(schemeOf(request), name)
        return nothing
      },
    },
  ]
}

async function upload(request: VerifierRequest, { clock, random }: PolicyParts): Promise<Answer> {
  requireAccept(request.incoming.headers.accept, PolicyType.policy)
  requireNativeRules(request)
  const scheme = schemeOf(request)
  const name = request.query.get('name') || defaultName
  if (!nameForm.test(name)) {
    throw new ServerError('SERVER_HEADER_INVALID', `name does not match ${nameForm.source}`)
  }
  const rules = rulesText(await request.body())
  await requireCompiles(rules)
  const policy: PolicyRecord = {
    uuid: drawUuid(random),
    scheme,
    name,
    type: PolicyType.native,
    rules,
    isActive: false,
    createdAt: clock.now(),
  }
  await request.store.policies.add(policy)
  return typedJson(PolicyType.policy, policyReply(policy), 201)
}

/** Compiles once more: what was understood at the upload may have come from another version. */
async function activate(request: VerifierRequest): Promise<Answer> {
  const { name } = principalWith(managers, request.principal)
  const policy = await policyOf(request)
  if (policy === undefined) return notFound()
  await requireCompiles(policy.rules)
  const isThere = await request.store.policies.activate(policy.scheme, policy.uuid, name)
  return isThere ? nothing : notFound()
}

/** @throws ServerError `SERVER_POLICY_ENGINE` for Rego (V25), `SERVER_MEDIA_TYPE` */
function requireNativeRules({ incoming: { headers } }: VerifierRequest): void {
  const type = parseMediaType(headers['content-type'] ?? '')?.essence
  if (type === PolicyType.native) return
  if (type === PolicyType.rego) {
    const message = `this service runs no policies in Rego; write the rules as ${PolicyType.native}, whose conditions may be CEL`
    throw new ServerError('SERVER_POLICY_ENGINE', message)
  }
  const message = `the only supported rules format is ${PolicyType.native}`
  throw new ServerError('SERVER_MEDIA_TYPE', message, { details: { accept: PolicyType.native } })
}

function rulesText(body: Uint8Array): string {
  if (body.length === 0) throw new ServerError('SERVER_BODY_EMPTY', 'empty body')
  try {
    return decodeUtf8(body)
  } catch (cause) {
    if (!isKeylineError(cause)) throw cause
    throw new ServerError('SERVER_POLICY_RULES', `the policy: ${cause.message}`, { cause })
  }
}

async function requireCompiles(rules: string): Promise<void> {
  try {
    await compilePolicy(rules)
  } catch (cause) {
    if (!(cause instanceof VerifierError)) throw cause
    throw new ServerError('SERVER_POLICY_RULES', cause.message, { cause })
  }
}

/** @throws ServerError `SERVER_SCHEME_UNKNOWN` */
function schemeOf({ params }: VerifierRequest): string {
  const scheme = params['scheme'] ?? ''
  if (scheme === psaScheme) return scheme
  const message = `unrecognised scheme ${JSON.stringify(scheme.slice(0, 64))}`
  throw new ServerError('SERVER_SCHEME_UNKNOWN', message)
}

async function policyOf(request: VerifierRequest): Promise<PolicyRecord | undefined> {
  const scheme = schemeOf(request)
  const text = request.params['uuid'] ?? ''
  const uuid = readUuid(text)
  if (uuid !== undefined) return request.store.policies.find(scheme, uuid)
  throw new ServerError('SERVER_HEADER_INVALID', `bad UUID ${JSON.stringify(text.slice(0, 64))}`)
}

function policyAnswer(policy: PolicyRecord | undefined): Answer {
  return policy === undefined ? notFound() : typedJson(PolicyType.policy, policyReply(policy))
}

function policyReply(policy: PolicyRecord): z.input<typeof PolicyReply> {
  const { uuid, createdAt, name, type, rules, isActive } = policy
  return { uuid, ctime: new Date(createdAt).toISOString(), name, type, rules, active: isActive }
}

function notFound(): never {
  throw new ServerError('SERVER_NOT_FOUND', 'there is no such policy')
}
