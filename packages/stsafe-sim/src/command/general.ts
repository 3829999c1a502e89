import { equalSecret } from '@keyline/bytes'
import { unwrapKey, wrapKey } from '@keyline/crypto'
import { Form, Status } from '@keyline/stsafe/layout'
import { replaced } from '../nvm/state.ts'
import { freshVolatile } from '../nvm/volatile.ts'
import { change, type Context } from './context.ts'
import { demand, present, Refusal } from './refusal.ts'
import { service, type Service } from './service.ts'

/** Sections 3.5 and 3.12. */
export const generalServices: readonly Service[] = [
  service(Form.echo, (_, { data }) => ({ data })),
  service(Form.reset, (context) => endContexts(context)),
  service(Form.hibernate, (context) => endContexts(context)),
  service(Form.generateRandom, ({ randomness }, { size }) => {
    demand(size > 0, Status.valueOutOfRange)
    return { random: randomness.bytes(size) }
  }),
  service(Form.verifyPassword, (context, { password: given }) => {
    const password = present(context.state.password, Status.keyNotFound)
    const { value, remainingTries, maxTries } = password
    demand(remainingTries > 0, Status.passwordBlocked)
    const isRight = equalSecret(given, value)
    const left = isRight ? maxTries : remainingTries - 1
    change(context, { password: { ...password, remainingTries: left } })
    if (isRight) context.volatile.isPasswordVerified = true
    return { verified: isRight ? 1 : 0, remainingTries: left }
  }),
  service(Form.deletePassword, (context) => {
    present(context.state.password, Status.keyNotFound)
    change(context, { password: undefined })
    return {}
  }),
  service(Form.generateLocalEnvelopeKey, (context, { slot, type }) => {
    const { envelopeKeys } = context.state
    demand(slot < envelopeKeys.length, Status.valueOutOfRange)
    demand(envelopeKeys[slot] === undefined, Status.accessConditionNotSatisfied)
    const key = context.randomness.bytes(type === 'AES-128' ? 16 : 32)
    change(context, { envelopeKeys: replaced(envelopeKeys, slot, key) })
    return {}
  }),
  service(Form.wrapLocalEnvelope, (context, { slot, payload }) => {
    const key = envelopeKey(context, slot)
    demand(payload.length >= 16 && payload.length % 8 === 0, Status.inconsistentCommandData)
    return { wrapped: wrapKey({ key, octets: payload }) }
  }),
  service(Form.unwrapLocalEnvelope, (context, { slot, wrapped }) => {
    const key = envelopeKey(context, slot)
    return { payload: present(unwrapKey({ key, octets: wrapped }), Status.inconsistentCommandData) }
  }),
]

function envelopeKey({ state }: Context, slot: number): Uint8Array {
  if (slot >= state.envelopeKeys.length) throw new Refusal(Status.valueOutOfRange)
  return present(state.envelopeKeys[slot], Status.keyNotFound)
}

/** What reset and hibernate have in common: all contexts end, and a new address takes effect. */
function endContexts(context: Context): object {
  Object.assign(context.volatile, freshVolatile(context.state.i2c.address.address))
  return {}
}
