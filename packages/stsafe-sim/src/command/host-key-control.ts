import { Status, type HostKeys } from '@keyline/stsafe/layout'
import type { Signer } from '../nvm/volatile.ts'
import { change, type Context } from './context.ts'
import { demand } from './refusal.ts'

/** @throws Refusal unless the control fields permit host keys in plaintext (section 5.1) */
export function demandPlaintextHostKeys({ state }: Context): void {
  demand(state.hostControl.allowed.plaintext, Status.commandNotAuthorized)
  demandEmptyOrReprovision(state)
}

/** @throws Refusal unless the control fields permit host keys from an agreement with this signer, or with none */
export function demandAgreedHostKeys({ state }: Context, signer: Signer): void {
  const { allowed, signerSlot } = state.hostControl
  if (signer === undefined) demand(allowed.wrappedAnonymous, Status.commandNotAuthorized)
  else demand(signer === signerSlot, Status.accessConditionNotSatisfied)
  demandEmptyOrReprovision(state)
}

function demandEmptyOrReprovision({ hostKeys, hostControl }: Context['state']): void {
  const isFree = hostKeys === undefined || hostControl.allowed.reprovision
  demand(isFree, Status.commandNotAuthorized)
}

/** New host keys begin with counter 0. */
export function replaceHostKeys(context: Context, keys: HostKeys): void {
  const macKey = Uint8Array.from(keys.macKey)
  const cipherKey = Uint8Array.from(keys.cipherKey)
  change(context, { hostKeys: { type: keys.type, macKey, cipherKey }, hostCounter: 0 })
}
