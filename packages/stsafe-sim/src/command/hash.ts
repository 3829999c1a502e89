import { hashOf, type HashAlgorithm } from '@keyline/crypto'
import { Form, Status, type HashName } from '@keyline/stsafe/layout'
import { contextLimit, lengthOf, type HashContext } from '../nvm/volatile.ts'
import type { Context } from './context.ts'
import { demand, present, Refusal } from './refusal.ts'
import { service, type Service } from './service.ts'

/** Section 3.8. */
export const hashServices: readonly Service[] = [
  service(Form.startHash, ({ volatile }, { algorithm, message }) => {
    volatile.hash = { algorithm: serviced(algorithm), parts: [Uint8Array.from(message)] }
    return {}
  }),
  service(Form.processHash, (context, { message }) => {
    append(context, message)
    return {}
  }),
  service(Form.finishHash, (context, { message }) => {
    const { algorithm, parts } = append(context, message)
    context.volatile.hash = undefined
    return { digest: hashOf(algorithm, ...parts) }
  }),
]

function append({ volatile }: Context, message: Uint8Array): HashContext {
  const hash = present(volatile.hash, Status.sessionError)
  demand(lengthOf(hash.parts) + message.length <= contextLimit, Status.bufferLengthExceeded)
  hash.parts.push(Uint8Array.from(message))
  return hash
}

/** @throws Refusal `03` for an algorithm that has an identifier, but is no service of the chip */
export function serviced(algorithm: HashName): HashAlgorithm {
  if (algorithm === 'SHA-224') throw new Refusal(Status.valueOutOfRange)
  return algorithm
}
