import type { Clock } from '@keyline/bytes'
import { ServerError } from '../errors.ts'
import type { Peer } from '../transport/peer.ts'
import type { Member, Role } from './member.ts'
import type { MemberDirectory } from './member-directory.ts'

/** Whom an endpoint serves: anyone, every member, or members of these roles. */
export type Access = 'anyone' | 'members' | readonly Role[]

/**
 * The member behind a client certificate; nothing when none was shown.
 * @throws ServerError `SERVER_CERTIFICATE_REFUSED`, `SERVER_MEMBER_BLOCKED`
 */
export async function authenticate(
  peer: Peer | undefined,
  directory: MemberDirectory,
  clock: Clock,
): Promise<Member | undefined> {
  if (peer === undefined) return undefined
  if (peer.problem !== undefined) {
    throw refused(`the chain of the client certificate was refused: ${peer.problem}`)
  }
  if (clock.now() >= peer.notAfter) {
    throw refused(`the client certificate ended at ${new Date(peer.notAfter).toISOString()}`)
  }
  const member = await directory.byKey(peer.spkiSha256)
  if (member === undefined) throw refused('no member has the key of the client certificate')
  if (member.state === 'blocked') {
    throw new ServerError('SERVER_MEMBER_BLOCKED', `${member.role} ${member.name} is blocked`)
  }
  return member
}

/** @throws ServerError `SERVER_CREDENTIALS_MISSING`, `SERVER_ROLE_REFUSED` */
export function requireAccess(access: Access, member: Member | undefined): void {
  if (access === 'anyone') return
  if (member === undefined) {
    throw new ServerError('SERVER_CREDENTIALS_MISSING', 'no client certificate was shown')
  }
  if (access === 'members' || access.includes(member.role)) return
  throw new ServerError(
    'SERVER_ROLE_REFUSED',
    `${member.name} is ${member.role}, but must be ${access.join(' or ')}`,
  )
}

function refused(message: string): ServerError {
  return new ServerError('SERVER_CERTIFICATE_REFUSED', message)
}
