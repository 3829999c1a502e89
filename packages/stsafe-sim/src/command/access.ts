import {
  commandTable,
  Status,
  Tag,
  type AuthorizationRecord,
  type CommandAccess,
} from '@keyline/stsafe/layout'
import type { ChipState } from '../nvm/state.ts'
import type { VolatileState } from '../nvm/volatile.ts'
import { answeredWhenLocked } from './put.ts'
import { demand, Refusal } from './refusal.ts'

/** What stands in the way of a command before its payload is looked at. */
export interface AccessRequest {
  readonly state: ChipState
  readonly volatile: VolatileState
  readonly code: number
  readonly isAuthenticated: boolean
}

const unprotected = { command: false, response: false } as const

/**
 * Checks the access condition of a command (section 3.2) and tells which payloads are encrypted.
 * @throws Refusal `1E` for NEVER, `11` for every other condition that is not met
 */
export function admit(request: AccessRequest): AuthorizationRecord['encryption'] {
  const { state, code, isAuthenticated } = request
  const record = state.authorization.find((one) => one.code === code)
  if (record === undefined) return unprotected
  demandCondition(request, record.access)
  const { encryption } = record
  if (!encryption.command && !encryption.response) return unprotected
  demand(isAuthenticated, Status.accessConditionNotSatisfied)
  return encryption
}

function demandCondition(
  { volatile, isAuthenticated }: AccessRequest,
  access: CommandAccess,
): void {
  if (access === 'never') throw new Refusal(Status.commandNotAuthorized)
  const isMet = {
    free: true,
    admin: false,
    host: isAuthenticated,
    'admin-or-password': volatile.isPasswordVerified,
    'admin-or-host': isAuthenticated,
  }[access]
  demand(isMet, Status.accessConditionNotSatisfied)
}

/** @throws Refusal `0F` for a command that a locked chip does not answer */
export function demandUnlocked(state: ChipState, code: number, payload: Uint8Array): void {
  const isLocked = state.lifeCycle === 'operational-locked' || state.lifeCycle === 'born-locked'
  const isUnlocking = code === commandTable.putAttribute.code && payload[0] === Tag.lifeCycleState
  const isAnswered = !isLocked || isUnlocking || answeredWhenLocked.has(code)
  demand(isAnswered, Status.invalidLifeCycleState)
}
