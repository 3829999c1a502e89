import {
  commandTable,
  Form,
  lifeCycleCodes,
  Status,
  type AuthorizationRecord,
  type LifeCycleState,
} from '@keyline/stsafe/layout'
import { defaultPasswordTries, replaced } from '../nvm/state.ts'
import { change, type Context } from './context.ts'
import { demandPlaintextHostKeys, replaceHostKeys } from './host-key-control.ts'
import { demand, present, Refusal } from './refusal.ts'
import { service, type Service } from './service.ts'

/** Section 3.3, `10 tag [slot] value`. */
export const putServices: readonly Service[] = [
  service(Form.putLifeCycleState, (context, { state }) => {
    const lifeCycle = reachable.find((name) => lifeCycleCodes[name] === state)
    if (lifeCycle === undefined) throw new Refusal(Status.invalidLifeCycleState)
    const isFree = context.state.password === undefined || context.volatile.isPasswordVerified
    demand(isFree, Status.accessConditionNotSatisfied)
    change(context, { lifeCycle })
    return {}
  }),
  service(Form.putPassword, (context, { password, maxTries = defaultPasswordTries }) => {
    const value = Uint8Array.from(password)
    change(context, { password: { value, remainingTries: maxTries, maxTries } })
    return {}
  }),
  service(Form.putI2cParameters, (context, i2c) => {
    demand(!context.state.i2c.power.locked, Status.accessConditionNotSatisfied)
    change(context, { i2c })
    return {}
  }),
  service(Form.putHostKeysV1, (context, { macKey, cipherKey }) => {
    demandPlaintextHostKeys(context)
    replaceHostKeys(context, { type: 'AES-128', macKey, cipherKey })
    return {}
  }),
  service(Form.putCommandAccess, (context, records) => {
    const { changeRights } = context.state
    demand(changeRights.access, Status.accessConditionNotSatisfied)
    const authorization = programmed(context, records)
    change(context, { authorization, changeRights: { ...changeRights, access: false } })
    return {}
  }),
  service(Form.putCommandEncryption, (context, records) => {
    const { changeRights } = context.state
    demand(changeRights.encryption, Status.accessConditionNotSatisfied)
    const authorization = programmed(context, records)
    change(context, { authorization, changeRights: { ...changeRights, encryption: false } })
    return {}
  }),
  service(Form.putHostKeyControl, (context, hostControl) => {
    const { changeRight } = context.state.hostControl.allowed
    demand(changeRight, Status.accessConditionNotSatisfied)
    change(context, { hostControl })
    return {}
  }),
  service(Form.putSymmetricKeyControl, (context, { slot, control }) => {
    const { symmetricSlots } = context.state
    const before = present(symmetricSlots[slot], Status.valueOutOfRange)
    demand(before.control.allowed.changeRight, Status.accessConditionNotSatisfied)
    change(context, { symmetricSlots: replaced(symmetricSlots, slot, { ...before, control }) })
    return {}
  }),
  service(Form.putPublicKeyFlags, (context, { slot, flags }) => {
    const { publicKeys } = context.state
    const before = present(publicKeys[slot], Status.valueOutOfRange)
    demand(before.flags.changeRight, Status.accessConditionNotSatisfied)
    // The flags can be updated once: the right is spent, whatever the new flags say of it.
    const spent = { ...flags, changeRight: false }
    change(context, { publicKeys: replaced(publicKeys, slot, { ...before, flags: spent }) })
    return {}
  }),
]

const reachable: readonly LifeCycleState[] = ['operational', 'operational-locked']

type Programming = { readonly code: number } & Partial<AuthorizationRecord>

/** The table with these records changed. @throws Refusal `03` for a code that is not in it */
function programmed(
  { state }: Context,
  records: readonly Programming[],
): readonly AuthorizationRecord[] {
  const changes = new Map(records.map((record) => [record.code, record]))
  const isKnown = records.every(({ code }) => state.authorization.some((one) => one.code === code))
  demand(isKnown, Status.valueOutOfRange)
  return state.authorization.map((record) => ({ ...record, ...changes.get(record.code) }))
}

/** A locked chip answers these and one more: put life cycle state. */
export const answeredWhenLocked: ReadonlySet<number> = new Set([
  commandTable.query.code,
  commandTable.verifyPassword.code,
  commandTable.reset.code,
  commandTable.echo.code,
])
