import { decodeUtf8 } from '@keyline/bytes'
import { z } from 'zod'
import { json, type Answer } from '../../answer/answer.ts'
import { ServerError } from '../../errors.ts'
import type { Member, Role } from '../../identity/member.ts'
import { drawToken, tokenLifeMs } from '../../identity/one-time-token.ts'
import { jsonRequest, restResponses } from '../document.ts'
import { jsonBody, memberOf, param, type Endpoint, type EndpointRequest } from '../endpoint.ts'
import type { Service } from '../service.ts'
import { BlockBody, InviteBody, InviteReply, MemberReply } from './schema.ts'

const params = z.object({ name: InviteBody.shape.name })

/** Whom an officer may invite, block and unblock. An owner may do it with everyone. */
const rolesOfTheLine: ReadonlySet<Role> = new Set(['station', 'operator'])

/** Members: look, invite, block, unblock. */
export function memberEndpoints(service: Service): readonly Endpoint[] {
  return [
    {
      id: 'GET /v1/members',
      errors: 'problem',
      document: {
        summary: 'All members',
        responses: restResponses(200, 'Members.', z.array(MemberReply)),
      },
      handle: async () => json((await service.ledger.members.list()).map(memberReply)),
    },
    {
      id: 'POST /v1/members',
      errors: 'problem',
      document: {
        summary: 'Invite a member, or give one a new one-time token',
        request: jsonRequest(InviteBody),
        responses: restResponses(201, 'The token, shown this once.', InviteReply),
      },
      handle: (request) => invite(service, request),
    },
    {
      id: 'POST /v1/members/{name}/block',
      errors: 'problem',
      document: {
        summary: 'Block a member on every server',
        request: { params, ...jsonRequest(BlockBody) },
        responses: restResponses(200, 'The member.', MemberReply),
      },
      handle: async (request) => {
        const { reason } = jsonBody(request, BlockBody)
        const name = await nameToChange(service, request)
        const { members } = service.ledger.as(memberOf(request).name)
        return changed(service, await members.block(name, reason))
      },
    },
    {
      id: 'POST /v1/members/{name}/unblock',
      errors: 'problem',
      document: {
        summary: 'Unblock a member',
        request: { params },
        responses: restResponses(200, 'The member.', MemberReply),
      },
      handle: async (request) => {
        const name = await nameToChange(service, request)
        const { members } = service.ledger.as(memberOf(request).name)
        return changed(service, await members.unblock(name))
      },
    },
  ]
}

async function invite(service: Service, request: EndpointRequest): Promise<Answer> {
  const { name, role } = jsonBody(request, InviteBody)
  const by = memberOf(request)
  requireOver(by, role)
  const { token, sha256 } = drawToken(service.random)
  const expiresAt = service.clock.now() + tokenLifeMs
  await service.ledger.as(by.name).members.invite({ name, role, tokenSha256: sha256, expiresAt })
  const reply: z.input<typeof InviteReply> = {
    name,
    role,
    token: decodeUtf8(token.reveal()),
    expiresAt: new Date(expiresAt).toISOString(),
  }
  token.wipe()
  return json(reply, 201)
}

/** The member of the path, if the caller may change it. Nobody blocks himself: the last owner would shut out all. */
async function nameToChange(service: Service, request: EndpointRequest): Promise<string> {
  const name = param(request, 'name')
  const by = memberOf(request)
  const member = await service.ledger.members.get(name)
  if (member === undefined) throw new ServerError('SERVER_NOT_FOUND', `there is no member ${name}`)
  requireOver(by, member.role)
  if (member.name === by.name) {
    throw new ServerError('SERVER_ROLE_REFUSED', 'nobody blocks or unblocks himself')
  }
  return name
}

function requireOver(by: Member, role: Role): void {
  if (by.role === 'owner' || rolesOfTheLine.has(role)) return
  const roles = [...rolesOfTheLine].join(' and ')
  throw new ServerError(
    'SERVER_ROLE_REFUSED',
    `${by.role} ${by.name} manages members of the roles ${roles} alone, not ${role}`,
  )
}

/** This server forgets at once what it knew; the others within the life of their directories. */
function changed({ directory }: Service, member: Member): Answer {
  directory.forget()
  return json(memberReply(member))
}

function memberReply(member: Member): z.input<typeof MemberReply> {
  const { name, role, state, certificateSha256, notAfter, blockReason, createdAt } = member
  return {
    name,
    role,
    state,
    ...(certificateSha256 !== undefined && { certificateSha256 }),
    ...(notAfter !== undefined && { notAfter: new Date(notAfter).toISOString() }),
    ...(blockReason !== undefined && { blockReason }),
    createdAt: new Date(createdAt).toISOString(),
  }
}
