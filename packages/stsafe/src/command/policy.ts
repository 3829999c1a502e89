import type { AuthorizationRecord, CommandAccess } from '../layout/attribute.ts'
import type { CommandEntry } from '../layout/command.ts'
import type { Encryption } from '../session/host-session.ts'

/** What the authorization table says of one command. */
export interface CommandPolicy {
  readonly access: CommandAccess
  readonly encryption: Encryption
}

/** Policies by command code, extended codes included; a code without record is free (section 3.2). */
export type CommandPolicies = ReadonlyMap<number, CommandPolicy>

const free: CommandPolicy = { access: 'free', encryption: { command: false, response: false } }

export function policiesOf(records: readonly AuthorizationRecord[]): CommandPolicies {
  return new Map(records.map(({ code, access, encryption }) => [code, { access, encryption }]))
}

/**
 * How a command has to be sent: nothing for plain, else with MACs and these encryptions. Raw commands are never protected.
 * @param asHost treats the access condition as HOST for this call: a zone may ask for it
 */
export function protectionOf(
  policies: CommandPolicies,
  { code, transfer }: CommandEntry,
  asHost = false,
): Encryption | undefined {
  if (transfer === 'raw') return undefined
  const { access, encryption } = policies.get(code) ?? free
  if (encryption.command || encryption.response) return encryption
  return access === 'free' && !asHost ? undefined : encryption
}
